// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two slots of maps: one in force, one of before or of next. New rules fill maps of their own, which go into the
 * other slot; then one number changes, and each packet from then on sees the new rules, each one before saw the old
 * ones.
 */
#include "shield.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "counters.h"
#include "ruleset.h"
#include "filter.skel.h"

#define BATCH 4096

/* What a slot holds. */
struct slot {
	struct shield_config config;
	bool used, dry;
	struct shield_taken taken; /* a counter for each rule */
};

struct shield {
	struct filter *bpf;
	int link;
	struct slot slots[SHIELD_SLOTS];
	struct shield_counters counters;
};

/* --- maps of a slot ------------------------------------------------------------------------------------------------- */

/* An empty map like the one the outer map was declared with; before v6.2 the kernel compares what BTF says of them, too. */
static int create_like(const struct shield *shield, const struct bpf_map *like)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(like),
		    .btf_fd = bpf_object__btf_fd(shield->bpf->obj), .btf_key_type_id = bpf_map__btf_key_type_id(like),
		    .btf_value_type_id = bpf_map__btf_value_type_id(like));
	int fd = bpf_map_create(bpf_map__type(like), NULL, bpf_map__key_size(like), bpf_map__value_size(like),
				bpf_map__max_entries(like), &opts);

	return fd < 0 ? -errno : fd;
}

/* Values for the keys 0, 1, ... of an array. */
static int fill_array(int fd, const void *values, size_t size, __u32 count)
{
	__u32 keys[BATCH], done, part, i;

	for (done = 0; done < count; done += part) {
		part = count - done < BATCH ? count - done : BATCH;
		for (i = 0; i < part; i++)
			keys[i] = done + i;
		if (bpf_map_update_batch(fd, keys, (const char *)values + size * done, &part, NULL))
			return -errno;
	}
	return 0;
}

static int put_in_slot(const struct bpf_map *outer, __u32 slot, int fd)
{
	return bpf_map_update_elem(bpf_map__fd(outer), &slot, &fd, BPF_ANY) ? -errno : 0;
}

static int install_array(const struct shield *shield, const struct bpf_map *outer, const struct bpf_map *like,
			 __u32 slot, const void *values)
{
	_cleanup_(closep) int fd = create_like(shield, like);
	int err;

	if (fd < 0)
		return fd;
	err = fill_array(fd, values, bpf_map__value_size(like), bpf_map__max_entries(like));
	return err ?: put_in_slot(outer, slot, fd);
}

static int fill_sources(int fd, const struct shield_ruleset *set, int family)
{
	for (size_t i = 0; i < set->source_count; i++) {
		const struct shield_source_bits *source = &set->sources[i];
		struct shield_key6 key = { .len = source->prefix.len };

		if (source->prefix.family != family)
			continue;
		/* The key of IPv4 is the beginning of that of IPv6. */
		memcpy(key.addr, source->prefix.addr, sizeof(key.addr));
		if (bpf_map_update_elem(fd, &key, &source->bits, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int install_sources(const struct shield *shield, const struct bpf_map *outer, const struct bpf_map *like,
			   __u32 slot, const struct shield_ruleset *set, int family)
{
	_cleanup_(closep) int fd = create_like(shield, like);

	if (fd < 0)
		return fd;
	return fill_sources(fd, set, family) ?: put_in_slot(outer, slot, fd);
}

static int fill_slot(struct shield *shield, __u32 slot, const struct shield_ruleset *set)
{
	struct {
		const struct bpf_map *outer, *like;
		const void *values;
	} arrays[] = {
		{ shield->bpf->maps.protocols, shield->bpf->maps.protocols_0, set->protocols },
		{ shield->bpf->maps.sports, shield->bpf->maps.sports_0, set->sports },
		{ shield->bpf->maps.dports, shield->bpf->maps.dports_0, set->dports },
		{ shield->bpf->maps.rules, shield->bpf->maps.rules_0, set->actions },
		{ shield->bpf->maps.settings, shield->bpf->maps.settings_0, &set->settings },
	};
	int err;

	err = install_sources(shield, shield->bpf->maps.sources4, shield->bpf->maps.sources4_0, slot, set, 4);
	err = err ?: install_sources(shield, shield->bpf->maps.sources6, shield->bpf->maps.sources6_0, slot, set, 6);
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]) && !err; i++)
		err = install_array(shield, arrays[i].outer, arrays[i].like, slot, arrays[i].values);
	return err;
}

/* --- counters ------------------------------------------------------------------------------------------------------- */

static int reset_counter(void *data, __u32 counter)
{
	const struct shield *shield = data;
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct shield_count *none = cpus > 0 ? calloc(cpus, sizeof(*none)) : NULL;
	const __u64 due = 0;

	if (!none)
		return -ENOMEM;
	if (bpf_map_update_elem(bpf_map__fd(shield->bpf->maps.counters), &counter, none, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(shield->bpf->maps.rates), &counter, &due, BPF_ANY))
		return -errno;
	return 0;
}

int shield_open(struct shield **ret_shield)
{
	_cleanup_(shield_closep) struct shield *shield = calloc(1, sizeof(*shield));

	if (!shield)
		return -ENOMEM;
	shield->link = -1;
	shield->counters.reset = reset_counter;
	shield->counters.data = shield;
	shield->bpf = filter__open_and_load();
	if (!shield->bpf)
		return -errno;
	*ret_shield = TAKE_PTR(shield);
	return 0;
}

void shield_close(struct shield *shield)
{
	if (!shield)
		return;
	shield_detach(shield);
	filter__destroy(shield->bpf);
	for (size_t i = 0; i < SHIELD_SLOTS; i++)
		shield_config_deinit(&shield->slots[i].config);
	shield_counters_deinit(&shield->counters);
	free(shield);
}

/* --- rules in force ------------------------------------------------------------------------------------------------- */

static struct slot *active_slot(const struct shield *shield)
{
	return (struct slot *)&shield->slots[shield->bpf->bss->active];
}

static void activate(struct shield *shield, __u32 slot)
{
	__atomic_store_n(&shield->bpf->bss->active, slot, __ATOMIC_RELEASE);
}

int shield_install(struct shield *shield, struct shield_config *config, bool dry)
{
	__u32 other = !shield->bpf->bss->active;
	struct slot *slot = &shield->slots[other];
	_cleanup_(shield_ruleset_deinit) struct shield_ruleset set = {};
	int err;

	err = shield_ruleset_build(config, &set);
	if (err)
		return err;
	set.settings.dry = dry;
	shield_config_deinit(&slot->config);
	slot->used = false;
	err = shield_counters_take(&shield->counters, config, &active_slot(shield)->taken, &slot->taken);
	for (size_t i = 0; i < slot->taken.count; i++)
		set.actions[i].counter = slot->taken.counters[i];
	err = err ?: fill_slot(shield, other, &set);
	if (err)
		return err;
	slot->config = *config;
	slot->used = true;
	slot->dry = dry;
	*config = (struct shield_config){};
	activate(shield, other);
	return 0;
}

int shield_revert(struct shield *shield)
{
	__u32 other = !shield->bpf->bss->active;

	if (!shield->slots[other].used)
		return -ENOENT;
	activate(shield, other);
	return 0;
}

const struct shield_config *shield_config(const struct shield *shield)
{
	const struct slot *slot = active_slot(shield);

	return slot->used ? &slot->config : NULL;
}

bool shield_is_dry(const struct shield *shield)
{
	return active_slot(shield)->dry;
}

/* --- the interface -------------------------------------------------------------------------------------------------- */

/* In front of a tunnel packets have no Ethernet header: what would be read as one is an address the sender chooses. */
static int check_kind(int ifindex)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};

	if (fd < 0)
		return -errno;
	if (!if_indextoname(ifindex, request.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &request))
		return errno == ENXIO ? -ENODEV : -errno;
	return request.ifr_hwaddr.sa_family == ARPHRD_ETHER || request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK ?
		       0 :
		       -EMEDIUMTYPE;
}

static int attach(struct shield *shield, int ifindex, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(bpf_program__fd(shield->bpf->progs.shield), ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	shield->link = fd;
	return 0;
}

int shield_attach(struct shield *shield, int ifindex, enum shield_mode mode, enum shield_mode *ret_mode, int *ret_why)
{
	int err = check_kind(ifindex);

	*ret_why = 0;
	if (err)
		return err;
	err = -EOPNOTSUPP;
	if (mode != SHIELD_GENERIC) {
		*ret_mode = SHIELD_NATIVE;
		err = attach(shield, ifindex, XDP_FLAGS_DRV_MODE);
	}
	/* Another program, or no such interface, is no question of modes. */
	if (!err || mode == SHIELD_NATIVE || err == -EBUSY || err == -ENODEV || err == -EPERM)
		return err;
	if (mode == SHIELD_AUTO)
		*ret_why = err;
	*ret_mode = SHIELD_GENERIC;
	return attach(shield, ifindex, XDP_FLAGS_SKB_MODE);
}

void shield_detach(struct shield *shield)
{
	closep(&shield->link);
	shield->link = -1;
}

bool shield_is_attached(const struct shield *shield)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return shield->link >= 0 && !bpf_obj_get_info_by_fd(shield->link, &info, &size) && info.xdp.ifindex;
}

/* --- what has been counted ------------------------------------------------------------------------------------------ */

static int read_count(const struct bpf_map *map, __u32 key, struct shield_count *ret_count)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct shield_count *each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;

	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(map), &key, each))
		return -errno;
	*ret_count = (struct shield_count){};
	for (int i = 0; i < cpus; i++) {
		ret_count->packets += each[i].packets;
		ret_count->bytes += each[i].bytes;
	}
	return 0;
}

int shield_count_rule(const struct shield *shield, size_t rule, struct shield_count *ret_count)
{
	return read_count(shield->bpf->maps.counters, active_slot(shield)->taken.counters[rule], ret_count);
}

int shield_count_reason(const struct shield *shield, enum shield_reason reason, struct shield_count *ret_count)
{
	return read_count(shield->bpf->maps.reasons, reason, ret_count);
}

const char *shield_reason_name(enum shield_reason reason)
{
	static const char *const names[SHIELD_REASONS] = {
		[SHIELD_NONE] = "none",
		[SHIELD_ARP] = "arp",
		[SHIELD_ND] = "nd",
		[SHIELD_DHCP] = "dhcp",
		[SHIELD_NOT_IP] = "not_ip",
		[SHIELD_TRUNCATED] = "truncated",
		[SHIELD_MALFORMED] = "malformed",
		[SHIELD_RULE] = "rule_deny",
		[SHIELD_RATE] = "rate",
		[SHIELD_DEFAULT_DROP] = "default_drop",
		[SHIELD_DEFAULT_PASS] = "default_pass",
		[SHIELD_RULE_PASS] = "rule_allow",
		[SHIELD_DRY] = "would_drop",
	};

	return names[reason];
}
