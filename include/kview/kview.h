/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkview: give one application its own view of the kernel and run BPF programs in it.
 *
 * A view is a set of hooks and the processes (members) that see them. With kview.ko loaded, only members pay for the
 * hooks: everybody else runs the untouched kernel (KVIEW_MODE_VIEW). Without it the same calls attach in the ordinary
 * way, and a test in front of each program lets only members through; every other process pays for that test
 * (KVIEW_MODE_ORDINARY).
 *
 * What differs between the modes, beyond who pays: in ordinary mode a vfork child is not seen before its exec, functions
 * of modules can be hooked, and a program that reads beyond its context may not be recognised. The return of a function
 * is seen by who was a member when it was entered (view) or when it returns (ordinary), and of kretprobe programs in
 * ordinary mode only as long as the kernel has room for it: for max(10, twice the CPUs) calls at a time. Tracepoints of
 * the very end of a process, after it has given up its memory (sched_process_exit), are seen in ordinary mode only. In
 * both modes programs run for members in task context only.
 *
 * Functions return 0 or a negative errno and write their results, always the last parameters, only on success. After a
 * refusal kview_reason() tells in words what was refused and why. The library never prints. An object may be used by one
 * thread at a time. All functions are there since 0.1 unless they say otherwise.
 */
#ifndef KVIEW_KVIEW_H
#define KVIEW_KVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bpf_object;
struct bpf_program;
struct kview;
struct kview_link;

/* How programs are attached. */
enum kview_mode {
	KVIEW_MODE_AUTO,     /* through a view where the module is loaded, else ordinary */
	KVIEW_MODE_VIEW,     /* through a view, or fail */
	KVIEW_MODE_ORDINARY, /* attach for the whole machine, filtered by process */
};

/* Kinds of hook. */
enum kview_kind {
	KVIEW_KIND_ENTRY,     /* entry of a kernel function: kprobe/FUNC, ksyscall/NAME */
	KVIEW_KIND_TP_ENTER,  /* tracepoint/syscalls/sys_enter_NAME */
	KVIEW_KIND_TP_EXIT,   /* tracepoint/syscalls/sys_exit_NAME */
	KVIEW_KIND_RAW_ENTER, /* raw_tp/sys_enter */
	KVIEW_KIND_RAW_EXIT,  /* raw_tp/sys_exit */
	KVIEW_KIND_RETURN,    /* return of a kernel function: kretprobe/FUNC, kretsyscall/NAME */
	KVIEW_KIND_FENTRY,    /* entry of a kernel function, with typed arguments: fentry/FUNC */
	KVIEW_KIND_FEXIT,     /* its return, with arguments and result: fexit/FUNC */
	KVIEW_KIND_RAW_TP,    /* a tracepoint, with what the kernel hands to it: raw_tp/NAME */
	KVIEW_KIND_TP_BTF,    /* the same with typed arguments: tp_btf/NAME */
	KVIEW_KIND_TP,	      /* the record of an event: tracepoint/CATEGORY/NAME */
	KVIEW_KIND_SESSION,   /* entry and return of a function in one program: kprobe.session/PATTERN */
};

/* Options: set @sz to sizeof(struct), all else may be zero. A longer struct than the library knows must end in zeros. */
struct kview_open_opts {
	size_t sz;
	const char *name; /* shown by `kview show`; NULL: the caller's comm */
	enum kview_mode mode;
	/*
	 * Programs on function entries (kprobe, fentry) and tracepoints (raw_tp, tp_btf) run in interrupts that came upon a
	 * member, too. Without it they are skipped, and counted (kview_counts.skipped). Since 0.1.
	 */
	bool interrupts;
};

struct kview_attach_opts {
	size_t sz;
	uint64_t cookie; /* what bpf_get_attach_cookie() returns */
	/*
	 * The program, raw_tp/sys_enter in a view, may put the call off: when it returns something else than 0 while a signal
	 * waits for the task, the task takes the signal first, and then makes the call, for which the program runs again. So a
	 * program that sends SIGSTOP (bpf_send_signal()) stops a process before its call. -EOPNOTSUPP elsewhere, and with
	 * a kview.ko that does not know it. Since 0.1.
	 */
	bool put_off;
};

/* What the hooks of a link, or one hook, have seen from members. */
struct kview_counts {
	uint64_t runs;	   /* times the program ran */
	uint64_t missed;   /* times it could not, because another BPF program was running on that CPU (ordinary: whoever came) */
	uint64_t skipped;  /* times an interrupt, or a kernel thread that borrowed a member's view, came by */
	uint64_t rejected; /* times it was kept from a process that is no member: what others paid (ordinary mode only) */
};

/* One hook, as kview_each_hook() and kview_each_kernel_hook() report it; valid during the callback. */
struct kview_hook {
	enum kview_kind kind;
	/* Function; tracepoint; event with its category ("sched/sched_switch"); system call ("read"), "*" for all of them */
	const char *name;
	uint64_t addr;	    /* entry address of a function; 0 where there is none, it is hidden, or in ordinary mode */
	bool attachable;    /* kview_each_kernel_hook(): could be attached through a view */
	const char *reason; /* why not, NULL when attachable */
	struct kview_counts counts; /* kview_each_hook() only */
};

/*
 * Open a view. It ends with kview_close() or with the process, however that ends.
 *
 * -ENODEV    KVIEW_MODE_VIEW and the module is not loaded
 * -EPERM     needs CAP_BPF and CAP_PERFMON
 * -EPROTO    library and module speak different ABI versions
 */
int kview_open(const struct kview_open_opts *opts, struct kview **ret_view);

/* Close @view: detach all programs, let all members go. NULL is allowed. */
void kview_close(struct kview *view);

/* The mode @view works in: never KVIEW_MODE_AUTO. */
enum kview_mode kview_mode(const struct kview *view);

/*
 * Why the last call on @view was refused, as one line without a full stop; "" when there is nothing to say. After
 * kview_open() with KVIEW_MODE_AUTO it tells why views are not used, if so. With @view NULL: the last refusal in this
 * thread of a call that takes no view, as kview_open(). Owned by the view, valid until the next call on it.
 */
const char *kview_reason(const struct kview *view);

/*
 * Make process @pid, with all its threads, a member. Forked children are not members; exec keeps membership, also that of
 * a setuid program. Whatever runs in its address space is in: io_uring workers, kernel threads that adopt it, other
 * processes that share it.
 *
 * -ESRCH     no such process, or it is exiting
 * -EINVAL    a kernel thread
 * -EEXIST    is a member already
 */
int kview_add_pid(struct kview *view, pid_t pid);

/* Same as kview_add_pid(), safe against reuse of the pid: @pidfd stays the caller's. */
int kview_add_pidfd(struct kview *view, int pidfd);

/*
 * Make one thread a member, by its id as gettid() gives it: programs run for it alone. Other threads of its process pay
 * for a comparison at each hook they reach, other processes nothing. Nothing the thread makes is a member: no children,
 * io_uring workers or other threads. It ends with the thread; an exec leaves a process with its first thread alone, which
 * stays a member if it was one.
 *
 * -ESRCH     no such thread, or it is exiting
 * -EINVAL    a kernel thread
 * -EEXIST    is a member already
 * -E2BIG     64 threads of its process are members
 */
int kview_add_tid(struct kview *view, pid_t tid);

/* End the membership of a thread. That of its process is another. -ENOENT: it has none, or has ended. */
int kview_remove_tid(struct kview *view, pid_t tid);

/*
 * Same as kview_add_pid(), and followed: every process it forks, by any of its threads, becomes a member in the same way before its first
 * instruction, and so on. A child that borrows its parent's memory (vfork(), posix_spawn()) is seen as its parent is, and
 * joins at its exec. Can be called for a member that is not followed yet. Also:
 *
 * -EOPNOTSUPP  ordinary mode
 */
int kview_follow_pid(struct kview *view, pid_t pid);
int kview_follow_pidfd(struct kview *view, int pidfd);

/*
 * Follow process @pid and all its descendants. When it returns 0, every process that is a descendant then is a member.
 * After a failure those that have been added stay.
 */
int kview_follow_tree(struct kview *view, pid_t pid);

/*
 * Make all processes of a cgroup and those below it members, and whoever is moved or cloned into it or forked there, until
 * they leave it. @path: a directory of the cgroup v2 file system, a path below its mount point ("system.slice/a.service"),
 * or the name of a directory that occurs once ("a.service").
 *
 * -ENOENT      no such cgroup; kview_reason() names near matches
 * -ENOTUNIQ    several cgroups have this name
 * -EEXIST      added already
 * -EOPNOTSUPP  ordinary mode
 */
int kview_add_cgroup(struct kview *view, const char *path);

/* End that; members for another reason stay. -ENOENT: it was not added. */
int kview_remove_cgroup(struct kview *view, const char *path);

/*
 * Same for the cgroup of a running container, by name or id (or 12 digits of it or more). Names of podman's and CRI-O's
 * are those their conmon was started with; podman and docker are asked where they are installed; ids, and the names of
 * systemd-nspawn's and LXC's containers, are found in the names of cgroups.
 *
 * -ENOENT, -ENOTUNIQ, -EEXIST, -EOPNOTSUPP  as kview_add_cgroup()
 * -ESRCH                                    the container does not run
 */
int kview_add_container(struct kview *view, const char *name);

/*
 * Without a view: open the directory of a cgroup, or of a running container's, named as for kview_add_cgroup() and
 * kview_add_container(), with the same errors but those of views; kview_reason(NULL) tells more. *ret_fd is the caller's
 * to close. Since 0.1.
 */
int kview_find_cgroup(const char *path, int *ret_fd);
int kview_find_container(const char *name, int *ret_fd);

/* End the membership of process @pid. -ENOENT: it is no member. */
int kview_remove_pid(struct kview *view, pid_t pid);

/*
 * To be called between the opening and the loading of an object that has programs for kprobe.multi, kretprobe.multi or
 * kprobe.session: where the kernel is built without (Debian's 6.1) they will be loaded as plain kprobes, which see the
 * same. With it libbpf's that do not know sessions load these, too.
 *
 * -EOPNOTSUPP  a session, where there are none
 */
int kview_prepare_object(struct kview *view, struct bpf_object *obj);

/*
 * Attach a loaded program where its section name says: kprobe/FUNC, kretprobe/FUNC, ksyscall/NAME, kretsyscall/NAME,
 * kprobe.multi/PATTERN, kretprobe.multi/PATTERN, kprobe.session/PATTERN, fentry/FUNC, fexit/FUNC,
 * tracepoint/CATEGORY/NAME (or tp/...), raw_tp/NAME (or raw_tracepoint/...), tp_btf/NAME. Programs for fentry, fexit and
 * tp_btf go where they were loaded for, as with bpf_program__set_attach_target(); those with a pattern to all functions
 * of the kernel itself that match and can be hooked. The link belongs to @view and ends with it; @opts may be NULL,
 * @ret_link too.
 *
 * -ENOENT      no such function, tracepoint or system call; kview_reason() names near matches
 * -EOPNOTSUPP  cannot be hooked on this kernel or in this mode; kview_reason() says why
 * -EINVAL      the section name does not say where to attach, or the program is not loaded
 */
int kview_attach_program(struct kview *view, const struct bpf_program *prog, const struct kview_attach_opts *opts,
			 struct kview_link **ret_link);

/*
 * Attach all programs of a loaded object that are marked for automatic attachment, or none of them. In a view they begin
 * to run in one step: a member that is there already meets none of them without the others.
 * -ENOENT: the object has no program. Else as kview_attach_program(). @ret_count (may be NULL) gets how many.
 */
int kview_attach_object(struct kview *view, const struct bpf_object *obj, size_t *ret_count);

/*
 * Attach the program of @prog_fd to the hooks @names[@count] of one kind in one step, all or none: functions
 * (KVIEW_KIND_ENTRY, _RETURN, _SESSION), tracepoints (_RAW_TP), events (_TP) or system calls (_TP_ENTER, _TP_EXIT), with
 * the names kview_each_kernel_hook() has for them. @cookies and @ret_link may be NULL.
 */
int kview_attach_hooks(struct kview *view, int prog_fd, enum kview_kind kind, const char *const *names,
		       const uint64_t *cookies, size_t count, struct kview_link **ret_link);

/*
 * Same for all hooks of @kind whose names match the shell pattern @pattern (fnmatch(3)) and that can be had; of functions
 * only those in the kernel itself whose name no other has, each once, however many names it has. @opts may be NULL; all get
 * its cookie.
 *
 * -ENOENT      nothing matches
 * -EOPNOTSUPP  nothing that matches can be hooked; kview_reason() says why, for one of them
 */
int kview_attach_pattern(struct kview *view, int prog_fd, enum kview_kind kind, const char *pattern,
			 const struct kview_attach_opts *opts, struct kview_link **ret_link);

/* kview_attach_hooks() for KVIEW_KIND_ENTRY. */
int kview_attach_entries(struct kview *view, int prog_fd, const char *const *names, const uint64_t *cookies, size_t count,
			 struct kview_link **ret_link);

/* Detach one link before its view ends. NULL is allowed. */
void kview_link_close(struct kview_link *link);

/* Sum over all hooks of @link. */
int kview_link_counts(const struct kview_link *link, struct kview_counts *ret_counts);

/* Name of the program, and section it was attached by ("" when it was another call that named hooks). Owned by the link. */
const char *kview_link_program(const struct kview_link *link);
const char *kview_link_section(const struct kview_link *link);

/* A callback returns 0 to go on; anything else ends the walk and becomes its result. */
typedef int (*kview_link_fn)(struct kview_link *link, void *data);
typedef int (*kview_hook_fn)(const struct kview_hook *hook, void *data);

/* Walk the links of @view in the order of their attachment. The callback may close its link. */
int kview_each_link(struct kview *view, kview_link_fn fn, void *data);

/* Walk the hooks of @link. */
int kview_each_hook(const struct kview_link *link, kview_hook_fn fn, void *data);

/*
 * Walk what can be hooked on the running kernel, and what cannot, with the reason: functions in alphabetical order, each
 * with all its kinds of hook (a session can be where the return can, and is not reported); tracepoints in the same way,
 * then their events, if tracefs can be read; the two hooks on all system calls (named "*"); then entry and exit of single
 * ones in the order of their numbers. @pattern: a shell pattern on the name (fnmatch(3)), NULL for all. Without the module
 * no hook is attachable: those the kernel itself could trace say that the module is not loaded, the others why views could
 * not have them either.
 */
int kview_each_kernel_hook(const char *pattern, kview_hook_fn fn, void *data);

/* The module and the machine. */
struct kview_status {
	size_t sz;		/* set by the caller */
	bool module_loaded;
	uint32_t abi;		/* of the module; 0 when not loaded */
	uint64_t features;	/* KVIEW_FEATURE_*, in uapi/kview.h */
	uint32_t machine;	/* KVIEW_MACHINE_* */
	uint32_t views, members, links, images;
	uint32_t text_pages, table_pages, shared_leaves, retired;
	uint64_t bytes;
	char version[32];
};

/* Ask the module. Succeeds without the module too (module_loaded is false). */
int kview_status(struct kview_status *status);

/* Open views of the whole machine, for `kview show`; valid during the callback. */
struct kview_view_status {
	uint32_t id;
	pid_t owner;
	const char *name;
	uint32_t members, links, hooks, text_pages, table_pages, aside_now;
	uint64_t bytes, aside_count, aside_ns;
	uint64_t joined; /* processes that became members so far */
	uint32_t partial; /* hooks on tracepoints that modules loaded since call, too; those calls are not seen */
	uint64_t lost;	 /* processes that run unseen, because there was no memory when they were forked */
};

struct kview_member_status {
	pid_t pid;
	const char *comm;
	uint32_t threads, image;
	bool added, followed; /* by its pid, or forked by one that is followed */
	bool by_cgroup;	      /* it is in a cgroup of the view */
	pid_t tid;	      /* that thread of it alone; 0: the process is a member */
};

struct kview_cgroup_status {
	uint64_t id;	  /* inode number of the directory */
	const char *path; /* below the mount point; "" when it is longer than 1023 bytes */
};

struct kview_link_status {
	uint32_t id, prog_id, hooks;
	enum kview_kind kind;
	const char *prog_name;
	struct kview_counts counts;
};

typedef int (*kview_view_status_fn)(const struct kview_view_status *view, void *data);
typedef int (*kview_member_status_fn)(const struct kview_member_status *member, void *data);
typedef int (*kview_cgroup_status_fn)(const struct kview_cgroup_status *cgroup, void *data);
typedef int (*kview_link_status_fn)(const struct kview_link_status *link, void *data);

/* Walk all open views, or the members, links or hooks of the view (and link) with this id. -ENODEV without the module. */
int kview_each_view(kview_view_status_fn fn, void *data);
int kview_each_member_of(uint32_t view, kview_member_status_fn fn, void *data);
int kview_each_cgroup_of(uint32_t view, kview_cgroup_status_fn fn, void *data);
int kview_each_link_of(uint32_t view, kview_link_status_fn fn, void *data);
int kview_each_hook_of(uint32_t view, uint32_t link, kview_hook_fn fn, void *data);

/* Id of @view as kview_each_view() reports it; 0 in ordinary mode. */
uint32_t kview_id(const struct kview *view);

/*
 * The descriptor of @view for the ioctls of uapi/kview.h, as KVIEW_IOC_LINK_CREATE for whoever is to hold the link itself.
 * Owned by the view; -1 in ordinary mode.
 */
int kview_fd(const struct kview *view);

/* The sentence for a KVIEW_WHY_* of these ioctls, without a full stop; NULL for an unknown one. */
const char *kview_why_text(uint32_t why);

/* A word for people and JSON: "entry", "tp_enter", ...; "view", "ordinary". Never NULL. */
const char *kview_kind_name(enum kview_kind kind);
const char *kview_mode_name(enum kview_mode mode);

/* The kernel's name of x86-64's system call @number, as hooks spell it ("read", "newfstat"); NULL for an unknown one. */
const char *kview_syscall_name(unsigned int number);

/* Version of the library, "0.1.0". */
const char *kview_version(void);

#ifdef __cplusplus
}
#endif

#endif /* KVIEW_KVIEW_H */
