// SPDX-License-Identifier: GPL-2.0-or-later
#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define BYTES (PAGE_KEY_LEN / 2)

static int make_text(char text[PAGE_KEY_LEN + 1])
{
	unsigned char bytes[BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return 0;
}

/* Without the right to give files away it stays root's. */
static int give_to(int fd, const char *name)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (!group)
		return 0;
	if (fchown(fd, -1, group->gr_gid))
		return errno == EPERM ? 0 : -errno;
	return fchmod(fd, 0640) ? -errno : 0;
}

/* Nobody can read it before it has its owners: another file takes its name when it is complete. */
static int write_file(const struct page_key *key, const char *address, const char *group)
{
	_cleanup_(freep) char *new_file = NULL;
	_cleanup_(closep) int fd = -1;
	int err;

	if (asprintf(&new_file, "%s.new", key->file) < 0) {
		new_file = NULL;
		return -ENOMEM;
	}
	unlink(new_file); /* of a server that died */
	fd = open(new_file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = give_to(fd, group);
	if (!err && dprintf(fd, "%s#key=%s\n", address, key->text) < 0)
		err = -errno;
	if (!err && rename(new_file, key->file))
		err = -errno;
	if (err)
		unlink(new_file);
	return err;
}

int page_key_make(const char *file, const char *address, const char *group, struct page_key *ret_key)
{
	_cleanup_(page_key_deinit) struct page_key key = {};
	int err;

	err = make_text(key.text);
	if (err)
		return err;
	key.file = strdup(file);
	if (!key.file)
		return -ENOMEM;
	err = write_file(&key, address, group);
	if (err) {
		/* What is there is another's. */
		free(TAKE_PTR(key.file));
		return err;
	}
	*ret_key = key;
	key = (struct page_key){};
	return 0;
}

void page_key_deinit(struct page_key *key)
{
	if (key->file)
		unlink(key->file);
	free(key->file);
	explicit_bzero(key, sizeof(*key));
}

bool page_key_is(const struct page_key *key, const char *given)
{
	unsigned char differ = 0;

	if (!*key->text || strlen(given) != PAGE_KEY_LEN)
		return false;
	for (size_t i = 0; i < PAGE_KEY_LEN; i++)
		differ |= key->text[i] ^ given[i];
	return !differ;
}
