/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One system call that waits for our answer, of a process under a seccomp filter: here, the tool. Everything of the tool's
 * memory that an answer depends on is copied once, and only the copy is looked at: other threads of the tool may change it
 * meanwhile.
 */
#ifndef KVIEW_SUPERVISE_CALL_H
#define KVIEW_SUPERVISE_CALL_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct call {
	int listener;
	struct seccomp_notif notif; /* notif.pid: the thread */
	pid_t process;
	int pidfd; /* of the process */
};

/* What is behind a descriptor of the tool's. */
enum file_kind {
	FILE_OTHER,
	FILE_PERF_EVENT,
	FILE_KVIEW_LINK,
	FILE_BPF_LINK,
};

/* What the tool's call returns. */
struct answer {
	enum {
		ANSWER_KERNEL, /* what the kernel does with it, by the tool's own rights */
		ANSWER_VALUE,  /* @value, which may be a negative errno */
		ANSWER_FD,     /* the number of a copy of @fd, which the answer owns */
	} kind;
	int64_t value;
	int fd;
	bool cloexec;
};

#define answer_kernel() ((struct answer){ .kind = ANSWER_KERNEL, .fd = -1 })
#define answer_value(number) ((struct answer){ .kind = ANSWER_VALUE, .value = (number), .fd = -1 })
#define answer_fd(descriptor, close_on_exec) \
	((struct answer){ .kind = ANSWER_FD, .fd = (descriptor), .cloexec = (close_on_exec) })

/* Wait for the next call. -ENOENT: it was given up. */
int call_receive(int listener, struct call *ret_call);
void call_deinit(struct call *call);

/* Send the answer. A call that was given up meanwhile is no error. */
int call_answer(const struct call *call, struct answer *answer);

/* Copy @size bytes. -EFAULT as the kernel has it. */
int call_read(const struct call *call, uint64_t address, void *to, size_t size);
int call_write(const struct call *call, uint64_t address, const void *from, size_t size);

/* Copy a string of fewer than @size bytes; -ENAMETOOLONG. */
int call_read_string(const struct call *call, uint64_t address, char *to, size_t size);

enum file_kind call_file_kind(const struct call *call, int fd);

/* A copy of the tool's descriptor @fd in this process. -EBADF: it has none of this number. */
int call_take_fd(const struct call *call, int fd);

/* Put a copy of @ours where the tool has @theirs, with its close-on-exec flag. */
int call_replace_fd(const struct call *call, int theirs, int ours);

/* Could the tool attach programs for the whole machine by its own rights? Asked before every attachment. */
bool call_may_attach(const struct call *call);

/* Does it reach all files that we reach? Asked before a path of the tool's is looked up by our rights. */
bool call_reaches_files(const struct call *call);

#endif /* KVIEW_SUPERVISE_CALL_H */
