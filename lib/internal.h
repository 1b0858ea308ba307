/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libkview share.
 *
 * view.c member.c object.c link.c are the public functions. They keep the records below and call one of two
 * implementations of struct kview_ops: module.c asks kview.ko, ordinary.c attaches in the kernel's own ways.
 *
 * A struct kview owns its links, a struct kview_link its sites. Program descriptors stay the caller's.
 */
#ifndef KVIEW_INTERNAL_H
#define KVIEW_INTERNAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <kview/kview.h>
#include <uapi/kview.h>

#include "util/cleanup.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* A reason is one line: a section name, a sentence and three symbols of at most 512 bytes rarely come near. */
#define KVIEW_REASON_LEN 1024

/* One place a program is attached to. */
struct kview_site {
	char *name;	 /* function; tracepoint; event; system call without prefix; "*" for all system calls */
	uint64_t cookie; /* what bpf_get_attach_cookie() returns there */
};

struct kview_link {
	TAILQ_ENTRY(kview_link) entry;
	struct kview *view;
	enum kview_kind kind;
	int prog_fd; /* the caller's, used while attaching only */
	char *program;
	char *section; /* "" where the caller has said it otherwise */
	const struct bpf_program *prog; /* NULL where the caller gave a descriptor; used while attaching only */
	size_t count;
	struct kview_site *sites;
	bool some; /* see struct kview_found */
	bool put_off; /* see struct kview_attach_opts */
};

struct kview {
	const struct kview_ops *ops;
	char name[KVIEW_NAME_LEN];
	bool interrupts; /* asked for */
	TAILQ_HEAD(kview_links, kview_link) links;
	char reason[KVIEW_REASON_LEN];
};

/* The two ways to work. Each adds its own fields behind struct kview and struct kview_link. */
struct kview_ops {
	enum kview_mode mode;
	size_t view_size, link_size;

	/* Set up what comes behind the zeroed struct kview; when it fails, close() is not called. */
	int (*open)(struct kview *view);
	/* All links are gone already. */
	void (*close)(struct kview *view);

	int (*add_member)(struct kview *view, pid_t pid, int pidfd); /* one of them; the other is 0 or -1 */
	int (*remove_member)(struct kview *view, pid_t pid);
	int (*add_thread)(struct kview *view, pid_t tid);
	int (*remove_thread)(struct kview *view, pid_t tid);
	/* What only views can do; NULL otherwise. */
	int (*follow_member)(struct kview *view, pid_t pid, int pidfd);
	int (*add_cgroup)(struct kview *view, int fd, const char *name);
	int (*remove_cgroup)(struct kview *view, int fd, const char *name);

	/* Attach the program to all sites or to none; after a failure detach() is not called. */
	int (*attach)(struct kview_link *link);
	/* Let the programs of @first and all links attached after it run. Separate, so that those of an object begin together. */
	int (*start)(struct kview_link *first);
	void (*detach)(struct kview_link *link);

	/* Fill address and counts of one site. */
	int (*read_site)(const struct kview_link *link, size_t index, struct kview_hook *ret_hook);
	int (*read_link)(const struct kview_link *link, struct kview_counts *ret_counts);
	uint32_t (*id)(const struct kview *view);
	/* Bits of KVIEW_FEATURE_* that matter before a program is loaded. */
	uint64_t (*features)(const struct kview *view);
	int (*fd)(const struct kview *view);
};

extern const struct kview_ops kview_module_ops, kview_ordinary_ops;

DEFINE_CLEANUP(struct kview *, kview_close)

/* reason.c: every refusal is told through one of these; @view NULL is this thread's own line. They return @err. */
int kview_refuse(struct kview *view, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "SUBJECT: TEXT", for one of KVIEW_WHY_*, or for @err alone where the module gave no reason. */
int kview_refuse_why(struct kview *view, int err, uint32_t why, const char *subject, const char *name);
/* What went wrong at a site of a link: the subject is its section, or the function's name. */
int kview_refuse_site(const struct kview_link *link, size_t index, int err, uint32_t why);
int kview_refuse_link(const struct kview_link *link, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void kview_reason_clear(struct kview *view);

extern const char kview_no_put_off[], kview_not_loaded[], kview_needs_group[], kview_needs_privilege[], kview_kind_unknown[];

/* opts.c */
/* Copy options of any version into a zeroed struct of @size. -EINVAL when what this library does not know is in use. */
int kview_opts_copy(void *opts, size_t size, const void *from);

/* section.c */
struct kview_section {
	enum kview_kind kind;
	char *name;	 /* the caller's to free; NULL where the program alone knows it (fentry, fexit, tp_btf) */
	bool multi;	 /* kprobe.multi and the like: the name is a pattern */
	const char *why; /* a sentence, after a refusal */
};

/* Split a section name. -EINVAL: it names no target; -EOPNOTSUPP: a kind kview does not know. */
int kview_section_parse(const char *name, struct kview_section *ret_section);

/* kind.c */
enum kview_naming {
	KVIEW_NAMED_FUNCTION,
	KVIEW_NAMED_TRACEPOINT,
	KVIEW_NAMED_EVENT,   /* "category/name" */
	KVIEW_NAMED_SYSCALL, /* the module has a number instead */
	KVIEW_NAMED_NOTHING, /* "*": all system calls */
};

struct kview_kind_info {
	const char *name;
	uint32_t uapi;		  /* KVIEW_HOOK_* */
	unsigned int prog_type;	  /* enum bpf_prog_type */
	unsigned int attach_type; /* enum bpf_attach_type; 0 where several will do */
	uint64_t feature;	  /* bit of kview_info.features that it needs */
	enum kview_naming naming;
	bool interrupts;	  /* can run in interrupts, too, if that is asked for */
};

const struct kview_kind_info *kview_kind_info(enum kview_kind kind);
bool kview_kind_is_function(enum kview_kind kind);
int kview_kind_from_uapi(uint32_t uapi, enum kview_kind *ret_kind); /* -EPROTO for an unknown one */

/* link.c */
int kview_link_new(struct kview *view, enum kview_kind kind, size_t count, struct kview_link **ret_link);
/* Give a link up that is not attached; kview_link_close() is for those that are. */
void kview_link_discard(struct kview_link *link);
DEFINE_CLEANUP(struct kview_link *, kview_link_discard)
/* Attach a new link, without starting it. It is the view's from then on, and closed with kview_link_close(). */
int kview_link_attach(struct kview_link *link);
/* The names become those of its sites, of which it has as many. */
struct kview_found;
void kview_link_take(struct kview_link *link, struct kview_found *found, uint64_t cookie);
/* Leave out a site that is not attached. */
void kview_link_drop(struct kview_link *link, size_t index);
/* Let it run, with all that were attached after it; close them when that fails. */
int kview_link_start(struct kview_link *first);

/* file.c */
int kview_file_read(const char *path, char **ret_text); /* NUL-terminated, the caller's to free */
int kview_file_read_number(const char *path, unsigned int *ret_number);
/* Where a file of tracefs is. -ENODEV: that is not mounted; -ENOENT: there can be no such file. */
#define KVIEW_TRACEFS_PATH_LEN 512
int kview_tracefs_path(const char *file, char path[KVIEW_TRACEFS_PATH_LEN]);

/* symbols.c */
struct kview_symbol {
	const char *name;
	uint64_t addr;
	bool in_module;
	bool weak;
};

/* Functions and tracepoints of the running kernel, each in alphabetical order. */
struct kview_symbols {
	struct kview_symbol *symbols;
	size_t count;
	struct kview_symbol *tracepoints; /* by their names, without address */
	size_t tracepoint_count;
	uint64_t text_start, text_end; /* addresses of _stext and _etext; 0 when hidden */
	char *text;		       /* the names */
};

/* @pattern: a shell pattern on the functions that are wanted; those of system calls come, too. NULL: all. */
int kview_symbols_read(const char *path, const char *pattern, struct kview_symbols *ret_symbols);
void kview_symbols_deinit(struct kview_symbols *symbols);
/* One of this name, NULL when there is none. */
const struct kview_symbol *kview_symbols_find(const struct kview_symbols *symbols, const char *name);
const struct kview_symbol *kview_symbols_find_tracepoint(const struct kview_symbols *symbols, const char *name);

/* Names in one of ftrace's lists, in alphabetical order. */
struct kview_names {
	char **names;
	size_t count;
	char *text;
};

/* Functions, as in available_filter_functions. */
int kview_names_read(const char *path, struct kview_names *ret_names);
/* Events as "category/name", as in available_events, without those of system calls. */
int kview_names_read_events(const char *path, struct kview_names *ret_names);
void kview_names_deinit(struct kview_names *names);
bool kview_names_have(const struct kview_names *names, const char *name);

/* pattern.c: names of hooks. */
struct kview_found {
	char **names;
	size_t count;
	bool some; /* by a pattern: what turns out not to be possible can be left out */
};

bool kview_is_pattern(const char *name);
/* Those that @view's mode can have. -ENOENT: nothing matches; -EOPNOTSUPP: nothing of it can be hooked. */
int kview_pattern_find(struct kview *view, enum kview_kind kind, const char *subject, const char *pattern,
		       struct kview_found *ret_found);
void kview_found_deinit(struct kview_found *found);

/* near.c: up to KVIEW_NEAR_MAX names that @wanted may be a misspelling of, best first. */
#define KVIEW_NEAR_MAX 3

struct kview_near {
	const char *names[KVIEW_NEAR_MAX];
	unsigned int rank[KVIEW_NEAR_MAX];
	size_t count;
};

void kview_near_offer(struct kview_near *near, const char *wanted, const char *name);
/* "; near: a, b", or "" */
void kview_near_text(const struct kview_near *near, char *text, size_t size);

/* syscalls.c, with the public kview_syscall_name() */
int kview_syscall_number(const char *name); /* -ENOENT */
unsigned int kview_syscall_end(void);	    /* one above the last number */

/* process.c */
struct kview_process {
	pid_t tgid;
	int pidfd;
	uint64_t start; /* in clock ticks after boot: with the tgid, an identity that is not reused */
	pid_t tid;	/* the thread that is meant; 0: all */
	uint64_t thread_start; /* of that one */
};

/* Identify a process by @pid, or by @pidfd (>= 0), and hold a pidfd of it. *ret_why gets a KVIEW_WHY_*. */
int kview_process_open(pid_t pid, int pidfd, struct kview_process *ret_process, uint32_t *ret_why);
/* The same for thread @tid and the process it belongs to. */
int kview_process_open_thread(pid_t tid, struct kview_process *ret_process, uint32_t *ret_why);
void kview_process_close(struct kview_process *process);
/* Has the process ended, or the thread that is meant? */
bool kview_process_is_gone(const struct kview_process *process);
/* Start time and flags out of the text of /proc/PID/stat. */
struct kview_stat {
	char state;
	pid_t parent;
	uint32_t flags;
	uint64_t start;
};
int kview_stat_parse(const char *text, struct kview_stat *ret_stat);

/* container.c */
/* Is a cgroup's directory of this name that of the container @wanted, by id or name? */
bool kview_container_is(const char *name, const char *wanted);
/* Out of the text of /proc/PID/cgroup, cut behind the part with the container's id: helpers and payload may be below it. */
int kview_container_path(const char *text, const char *id, char *ret_path, size_t size);

/* conmon.c */
#define KVIEW_CONTAINER_ID 129
/* The id of the container of podman's or CRI-O's that our user runs under this name. -ENOENT: there is none. */
int kview_conmon_find(const char *name, char ret_id[KVIEW_CONTAINER_ID]);
/* The same out of the text of /proc/PID/cmdline. */
int kview_conmon_parse(const char *args, size_t len, const char *name, char ret_id[KVIEW_CONTAINER_ID]);

/* tool.c: run a program and keep the begin of what it prints. -ENOENT: there is none, or it failed. */
int kview_tool_ask(const char *const *argv, char *answer, size_t size);

/* device.c */
uint64_t kview_capabilities(void); /* those in effect, by their numbers; 0 when they cannot be told */
bool kview_has_privilege(void);
int kview_device_open(void); /* a descriptor, -ENODEV when kview.ko is not loaded, -EPERM */
/* Open the device and check that it speaks our ABI. Refusals are recorded for @view. */
int kview_device_connect(struct kview *view, int *ret_fd);
uint64_t kview_device_features(int fd); /* KVIEW_FEATURE_* */

#endif /* KVIEW_INTERNAL_H */
