/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctl ABI of kview.ko: the only header the module shares with user space.
 *
 * Three kinds of file descriptor:
 *   device  open("/dev/kview")       asks, lists, creates views
 *   view    KVIEW_IOC_VIEW_CREATE    its members and links; closing the last reference ends all of them
 *   link    KVIEW_IOC_LINK_CREATE    one BPF program on one or many hooks; closing it detaches the program
 *
 * Rules every structure keeps:
 *   - @size comes first and is set by the caller to its own sizeof. A shorter structure is zero-extended; a longer one
 *     is accepted only when all bytes this module does not know are zero (else -E2BIG).
 *   - Of an ioctl's number only type and sequence count, so a caller built with a shorter structure makes the same call.
 *   - Reserved fields and unknown flag bits must be zero (else -EINVAL).
 *   - A call that refuses something a person asked for writes @reason (KVIEW_WHY_*), and @index where it took a list.
 */
#ifndef _UAPI_KVIEW_H
#define _UAPI_KVIEW_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVIEW_DEVICE "/dev/kview"

/* Bumped only when an existing call changes its meaning; additions grow structures and set feature bits. */
#define KVIEW_ABI_VERSION 1

#define KVIEW_NAME_LEN 32    /* a view's name: shown to people, needs not be unique; as long as two comms */
#define KVIEW_SYMBOL_LEN 128 /* a hook's name in listings; longer symbols are cut (512 is the kernel's maximum) */
#define KVIEW_TARGETS_MAX 65536 /* hooks in one link; a stock kernel has about 43,000 ftrace-able functions */
#define KVIEW_SYSCALL_MAX 1023 /* highest system call number a hook can name; x86-64 uses fewer than 600 */
#define KVIEW_SYSCALL_ALL (~0ULL) /* instead of a number, for KVIEW_HOOK_TP_*: tracepoint/raw_syscalls/sys_enter, sys_exit */

/* What a link hooks, and the type of BPF program that goes there. */
#define KVIEW_HOOK_ENTRY 1	  /* entry of a function; BPF_PROG_TYPE_KPROBE, context struct pt_regs */
#define KVIEW_HOOK_TP_ENTER 2	  /* tracepoint/syscalls/sys_enter_NAME; BPF_PROG_TYPE_TRACEPOINT */
#define KVIEW_HOOK_TP_EXIT 3	  /* tracepoint/syscalls/sys_exit_NAME; BPF_PROG_TYPE_TRACEPOINT */
#define KVIEW_HOOK_RAW_ENTER 4	  /* raw_tp/sys_enter: all system calls; BPF_PROG_TYPE_RAW_TRACEPOINT */
#define KVIEW_HOOK_RAW_EXIT 5	  /* raw_tp/sys_exit: all system calls; BPF_PROG_TYPE_RAW_TRACEPOINT */
#define KVIEW_HOOK_RETURN 6	  /* return of a function; BPF_PROG_TYPE_KPROBE, context struct pt_regs with the result */
#define KVIEW_HOOK_FENTRY 7	  /* BPF_PROG_TYPE_TRACING loaded for fentry of the one function it names */
#define KVIEW_HOOK_FEXIT 8	  /* the same for fexit */
#define KVIEW_HOOK_SESSION 9	  /* entry and return; BPF_PROG_TYPE_KPROBE loaded for kprobe.session */
#define KVIEW_HOOK_RAW_TP 12	  /* raw_tp/NAME: a tracepoint of the kernel; BPF_PROG_TYPE_RAW_TRACEPOINT */
#define KVIEW_HOOK_BTF_TP 13	  /* tp_btf/NAME: the same; BPF_PROG_TYPE_TRACING loaded as BPF_TRACE_RAW_TP for it */
#define KVIEW_HOOK_TP 14	  /* tracepoint/CATEGORY/NAME, but for syscalls/NAME; BPF_PROG_TYPE_TRACEPOINT */

/* Bits of kview_info.features. */
#define KVIEW_FEATURE_ENTRY (1ULL << 0)	  /* KVIEW_HOOK_ENTRY */
#define KVIEW_FEATURE_SYSCALL (1ULL << 1) /* KVIEW_HOOK_TP_* and KVIEW_HOOK_RAW_* */
#define KVIEW_FEATURE_RETURN (1ULL << 2)  /* KVIEW_HOOK_RETURN */
#define KVIEW_FEATURE_TRACING (1ULL << 3) /* KVIEW_HOOK_FENTRY and KVIEW_HOOK_FEXIT */
#define KVIEW_FEATURE_MULTI (1ULL << 4)	  /* KVIEW_HOOK_ENTRY and _RETURN take programs loaded for kprobe.multi */
#define KVIEW_FEATURE_SESSION (1ULL << 5) /* KVIEW_HOOK_SESSION */
#define KVIEW_FEATURE_INTERRUPTS (1ULL << 6) /* KVIEW_LINK_INTERRUPTS */
#define KVIEW_FEATURE_FOLLOW (1ULL << 8)  /* KVIEW_MEMBER_FOLLOW */
#define KVIEW_FEATURE_CGROUP (1ULL << 9)  /* KVIEW_IOC_CGROUP_ADD */
#define KVIEW_FEATURE_TRACEPOINT (1ULL << 10) /* KVIEW_HOOK_RAW_TP, KVIEW_HOOK_BTF_TP, KVIEW_HOOK_TP */
#define KVIEW_FEATURE_THREAD (1ULL << 11) /* KVIEW_MEMBER_THREAD */
#define KVIEW_FEATURE_HELD (1ULL << 12)	  /* KVIEW_LINK_HELD, KVIEW_IOC_LINKS_START */
#define KVIEW_FEATURE_SYSCALL_ALL (1ULL << 13) /* KVIEW_SYSCALL_ALL */
#define KVIEW_FEATURE_PUT_OFF (1ULL << 14) /* KVIEW_LINK_PUT_OFF */

/* Bits of kview_info.machine: facts about this boot that explain behaviour. */
#define KVIEW_MACHINE_LA57 (1U << 0) /* five-level page tables */
#define KVIEW_MACHINE_PTI (1U << 1)  /* page table isolation is on */
#define KVIEW_MACHINE_PCID (1U << 2) /* the TLB is tagged by address space */
#define KVIEW_MACHINE_IBT (1U << 3)  /* indirect branch tracking is enforced in the kernel */

/* Why something was refused. The errno says what kind of failure it is, the reason which one. */
#define KVIEW_WHY_NONE 0
#define KVIEW_WHY_NO_PROCESS 1	     /* ESRCH: no process with this id */
#define KVIEW_WHY_KERNEL_THREAD 2    /* EINVAL: a kernel thread has no address space to give a view */
#define KVIEW_WHY_EXITING 3	     /* ESRCH: the process has begun to exit */
#define KVIEW_WHY_ALREADY_MEMBER 4   /* EEXIST */
#define KVIEW_WHY_NOT_MEMBER 5	     /* ENOENT */
#define KVIEW_WHY_NO_SYMBOL 6	     /* ENOENT: the kernel has no function of this name */
#define KVIEW_WHY_AMBIGUOUS 7	     /* ENOTUNIQ: several functions have this name; give the address */
#define KVIEW_WHY_MODULE_TEXT 8	     /* EOPNOTSUPP: the function lives in a module, whose text all views share */
#define KVIEW_WHY_NOT_TEXT 9	     /* EINVAL: the address is not in the kernel's text */
#define KVIEW_WHY_NOT_TRACEABLE 10   /* EOPNOTSUPP: the function has no ftrace entry (notrace, noinstr, inlined, assembly) */
#define KVIEW_WHY_NOT_ENTRY 11	     /* EINVAL: the address is inside a function, not at its entry */
#define KVIEW_WHY_CROSSES_PAGE 12    /* EOPNOTSUPP: the patch would span two pages, which cannot switch at once */
#define KVIEW_WHY_UNKNOWN_CODE 13    /* EOPNOTSUPP: the code at the hook has a shape the module does not know */
#define KVIEW_WHY_PROG_TYPE 14	     /* EINVAL: the program's type does not fit this kind of hook */
#define KVIEW_WHY_PROG_CONTEXT 15    /* EACCES: the program reads beyond this hook's context */
#define KVIEW_WHY_PROG_OVERRIDE 16   /* EOPNOTSUPP: the program uses bpf_override_return */
#define KVIEW_WHY_PROG_NOT_JITED 17  /* EOPNOTSUPP: the program was not compiled to machine code (bpf_jit_enable=0) */
#define KVIEW_WHY_PROG_SLEEPABLE 18  /* EOPNOTSUPP: the program may sleep; this hook runs it with preemption off */
#define KVIEW_WHY_PROG_FAR 19	     /* ERANGE: the program lies further than 2 GiB from the kernel's text */
#define KVIEW_WHY_NO_SUCH_SYSCALL 20 /* ENOENT: no system call with this number */
#define KVIEW_WHY_NO_SYSCALL_SITE 21 /* EOPNOTSUPP: this kernel's system call path was not recognised */
#define KVIEW_WHY_DUPLICATE 22	     /* EINVAL: the same hook twice in one list */
#define KVIEW_WHY_PROG_MULTI 23	     /* EOPNOTSUPP: the program was loaded for uprobe.multi, or for a kprobe.multi unlike this kernel's */
#define KVIEW_WHY_PROG_FD 24	     /* EBADF: not the descriptor of a loaded BPF program */
#define KVIEW_WHY_NO_PROTOTYPE 25    /* EOPNOTSUPP: BTF does not tell where the function's arguments lie */
#define KVIEW_WHY_OTHER_FUNCTION 26  /* EINVAL: the program was loaded for another function than the one named */
#define KVIEW_WHY_NOT_IN_KERNEL 27   /* EOPNOTSUPP: the program was loaded for a module's function or another program */
#define KVIEW_WHY_NO_CGROUP 28	     /* EBADF: not the descriptor of a cgroup v2 directory */
#define KVIEW_WHY_NO_TRACEPOINT 40   /* ENOENT: the kernel has no tracepoint of this name */
#define KVIEW_WHY_TP_UNUSED 41	     /* EOPNOTSUPP: no code of the running kernel calls the tracepoint */
#define KVIEW_WHY_TP_IN_MODULE 42    /* EOPNOTSUPP: a loaded module calls the tracepoint, too; all views share its text */
#define KVIEW_WHY_TP_GLOBAL 43	     /* EOPNOTSUPP: the tracepoint has to be switched on for the whole machine */
#define KVIEW_WHY_TP_NO_TYPE 44	     /* EOPNOTSUPP: the kernel's type information does not have its arguments */
#define KVIEW_WHY_TEXT_BUSY 45	     /* EBUSY: a breakpoint of somebody else stands in the code to be hooked */
#define KVIEW_WHY_PROG_OTHER_TP 46   /* EINVAL: the program was loaded for another tracepoint */
#define KVIEW_WHY_NO_RECORD 47	     /* EOPNOTSUPP: the kernel's record buffers cannot be had on this kernel */
#define KVIEW_WHY_NO_THREAD 48	     /* ESRCH: no thread with this id */
#define KVIEW_WHY_THREAD_EXITING 49  /* ESRCH: the thread has begun to exit */
#define KVIEW_WHY_TOO_MANY_THREADS 50 /* E2BIG: KVIEW_THREADS_MAX threads of the process are members already */
#define KVIEW_WHY_TOO_MANY_PROGRAMS 51 /* E2BIG: more programs on one hook of the view than a trampoline takes */

/* KVIEW_IOC_INFO: the module and everything it holds right now. Device fd. */
struct kview_info {
	__u32 size;
	__u32 abi;	     /* KVIEW_ABI_VERSION of the module */
	__u64 features;	     /* KVIEW_FEATURE_* */
	__u32 machine;	     /* KVIEW_MACHINE_* */
	__u32 views;	     /* open views */
	__u32 members;	     /* address spaces that have at least one view */
	__u32 links;	     /* attached programs */
	__u32 images;	     /* distinct private kernel images: one for each set of views some member has */
	__u32 text_pages;    /* private copies of 4 KiB text pages */
	__u32 table_pages;   /* private page-table pages */
	__u32 shared_leaves; /* shared mappings whose global bit is cleared while views use them */
	__u64 bytes;	     /* all memory of views: copies, tables, trampolines, records */
	__u32 retired;	     /* trampolines and programs waiting for their last user to leave */
	__u32 reserved;
	__u64 text_start;    /* the kernel text in which hooks can lie; 0 when hidden, see below */
	__u64 text_end;
	char version[KVIEW_NAME_LEN];
};

/* KVIEW_IOC_VIEW_CREATE: returns a view fd (close-on-exec). Device fd. Needs CAP_PERFMON and CAP_BPF (or CAP_SYS_ADMIN). */
struct kview_view_create {
	__u32 size;
	__u32 flags; /* none yet */
	char name[KVIEW_NAME_LEN]; /* NUL-terminated; empty: the creator's comm */
};

#define KVIEW_THREADS_MAX 64 /* threads of one process in one view; the process as a whole counts for none */

/* Why a process is a member; KVIEW_MEMBER_FOLLOW is also a flag of KVIEW_IOC_MEMBER_ADD. */
#define KVIEW_MEMBER_FOLLOW (1U << 0) /* what it forks becomes a member in the same way, before its first instruction */
#define KVIEW_MEMBER_ADDED (1U << 1)  /* it was added, or forked by a member that is followed */
#define KVIEW_MEMBER_CGROUP (1U << 2) /* it is in a cgroup of the view */
#define KVIEW_MEMBER_THREAD (1U << 3) /* threads of it were added; also a flag of KVIEW_IOC_MEMBER_ADD and _REMOVE */

/*
 * KVIEW_IOC_MEMBER_ADD, KVIEW_IOC_MEMBER_REMOVE: a process, all its threads. View fd.
 *
 * Membership is that of the address space: threads belong, and so does everything else that uses it: a vfork child until
 * its exec, other processes made with CLONE_VM, io_uring workers, kernel threads that adopt it. A forked child does not,
 * unless KVIEW_MEMBER_FOLLOW is given; it joins a vfork child at its exec. The member's own exec, also of a setuid
 * program, keeps its membership; its exit ends it. A member can be added again with KVIEW_MEMBER_FOLLOW.
 *
 * With KVIEW_MEMBER_THREAD, which excludes KVIEW_MEMBER_FOLLOW: that thread alone. @pid is a thread's id, @pidfd a thread's
 * or that of a process, for its first thread. What the thread forks, its io_uring workers and kernel threads that act for
 * it are not members. Its exit ends its membership; an exec by any thread of the process leaves that of the first thread,
 * whose id the thread that execs takes over. A thread may be added where its process is a member: then it stays one when
 * the process is removed.
 */
struct kview_member {
	__u32 size;
	__u32 flags;  /* KVIEW_MEMBER_FOLLOW, for KVIEW_IOC_MEMBER_ADD only; KVIEW_MEMBER_THREAD */
	__s32 pid;    /* in the caller's pid namespace; 0 when @pidfd is used */
	__s32 pidfd;  /* -1 when @pid is used */
	__u32 reason; /* out */
	__u32 reserved;
};

/*
 * KVIEW_IOC_CGROUP_ADD, KVIEW_IOC_CGROUP_REMOVE: all processes of a cgroup v2 subtree. View fd.
 *
 * A process counts, with all its threads, while the cgroup of its first thread is the directory or below it. When
 * KVIEW_IOC_CGROUP_ADD returns, those that are in have joined; one that is in the middle of an exec, or for which there
 * was no memory, joins as soon as it can be. What they fork and exec joins before its first instruction. Who is moved in
 * has joined, and who is moved out has left, when the write to cgroup.procs returns; a member for another reason stays.
 * The removal of the directory ends it like KVIEW_IOC_CGROUP_REMOVE.
 */
struct kview_cgroup {
	__u32 size;
	__u32 flags; /* none yet */
	__s32 fd;    /* the directory, opened in any way */
	__u32 reason; /* out */
};

/* One hook of a link. */
struct kview_target {
	__u64 name;   /* user pointer to a NUL-terminated symbol (hooks on functions) or tracepoint, or 0 */
	__u64 value;  /* without @name: the function's address, or the system call's number; unused by KVIEW_HOOK_RAW_*,
		       * and 0 for KVIEW_HOOK_FENTRY and _FEXIT, whose program knows its function */
	__u64 cookie; /* what bpf_get_attach_cookie() returns there */
};

/*
 * KVIEW_HOOK_ENTRY, _FENTRY, _RAW_TP and _BTF_TP: run in hard and soft interrupts, too, that came upon a member. They
 * run on its page tables and so reach the hook, for whatever purpose; without this flag they are skipped, and counted.
 */
#define KVIEW_LINK_INTERRUPTS (1U << 0)

/*
 * The program does not run before KVIEW_IOC_LINKS_START on the view, which starts all that are held, in one step: no
 * member meets one of them without the others, and the view's memory is rebuilt once. All or none.
 * Until then listings of the view leave the link out.
 */
#define KVIEW_LINK_HELD (1U << 1)

/*
 * For KVIEW_HOOK_RAW_ENTER: the program may put the call off. When it returns something else than 0 while a signal waits
 * for the task, the call is not made: the task takes the signal, and makes the call when it goes on, as if the signal had
 * come before it. Then the program runs for it again. Without a signal, and at calls the kernel does not have, the result
 * means nothing. Until then sys_exit shows -ERESTARTNOINTR, as of other calls that a signal interrupts.
 */
#define KVIEW_LINK_PUT_OFF (1U << 2)

/* KVIEW_IOC_LINK_CREATE: attach one program to all targets or to none; returns a link fd (close-on-exec). View fd. */
struct kview_link_create {
	__u32 size;
	__u32 flags; /* KVIEW_LINK_* */
	__u32 kind;  /* KVIEW_HOOK_* */
	__s32 prog_fd;
	__u64 targets; /* user pointer to struct kview_target[@count] */
	__u32 count;   /* 1..KVIEW_TARGETS_MAX; must be 1 for KVIEW_HOOK_RAW_*, _FENTRY and _FEXIT */
	__u32 reason;  /* out */
	__u32 index;   /* out: which target @reason is about */
	__u32 reserved;
};

/* KVIEW_IOC_LINKS_START: see KVIEW_LINK_HELD. View fd. A number of size 0 takes no structure, and gives no reason. */
struct kview_links_start {
	__u32 size;
	__u32 flags; /* none yet */
	__u32 reason; /* out */
	__u32 reserved;
};

/* KVIEW_IOC_CHECK: could these targets be hooked? Touches nothing. Device fd. EPERM for hidden addresses, see below. */
struct kview_check {
	__u32 size;
	__u32 kind;
	__u64 targets; /* as in kview_link_create */
	__u64 reasons; /* user pointer to __u32[@count], all written: KVIEW_WHY_NONE where it can */
	__u32 count;
	__u32 reserved;
};

/*
 * Listing. Each call copies one record and returns -ENOENT past the last one, so a reader starts at 0 and counts or
 * follows ids; records of what ends in between are left out.
 *
 * Who may open the device may list. Kernel addresses are told only to callers with CAP_PERFMON (or CAP_SYS_ADMIN) and to
 * those who find them in /proc/kallsyms; the others get 0 and can ask KVIEW_IOC_CHECK by name alone.
 */

/* KVIEW_IOC_NEXT_VIEW: the view with the lowest id above @id. Device fd. Also KVIEW_IOC_VIEW_INFO on a view fd (itself). */
struct kview_view_info {
	__u32 size;
	__u32 id; /* in: where to go on; out: this view; ids start at 1 and are not reused while the module is loaded */
	__s32 owner; /* process that created it, in the caller's pid namespace; 0 when it is gone or outside */
	__u32 members;	   /* processes, and threads that are members alone */
	__u32 links;
	__u32 hooks;	   /* targets of all links */
	__u32 text_pages;  /* private text copies in the images this view takes part in */
	__u32 table_pages; /* private page-table pages of these images */
	__u64 bytes;	   /* memory of these images, and of the links' records */
	__u64 aside_count; /* times hooks of this view were set aside while other patchers rewrote the same function */
	__u64 aside_ns;	   /* nanoseconds that lasted: the window in which members' events could not be seen */
	__u32 aside_now;   /* hooks set aside right now */
	__u32 reserved;
	char name[KVIEW_NAME_LEN];
	__u64 joined; /* processes and threads that became members, so far */
	__u64 lost;   /* processes that run unseen because there was no memory when they were forked, or in their exec */
	__u32 cgroups;
	__u32 partial; /* hooks on tracepoints that modules call, too, which were loaded since: those calls are not seen */
};

/*
 * KVIEW_IOC_MEMBER_INFO: the @index-th member of view @view. Device fd. Where only threads of a process are members, each has
 * a record of its own.
 */
struct kview_member_info {
	__u32 size;
	__u32 view;
	__u32 index;
	__s32 pid; /* thread group that was added, in the caller's pid namespace; 0 when outside */
	__u32 threads;
	__u32 image; /* private image its page tables point to; members of the same set of views share one; 0: none yet */
	char comm[16]; /* TASK_COMM_LEN */
	__u32 flags;   /* KVIEW_MEMBER_* */
	__s32 tid;     /* the thread that is a member, in the caller's pid namespace; 0: the process is */
};

#define KVIEW_PATH_LEN 1024 /* a cgroup's path in listings; container runtimes need some 150 */

/* KVIEW_IOC_CGROUP_INFO: the @index-th cgroup of view @view. Device fd. */
struct kview_cgroup_info {
	__u32 size;
	__u32 view;
	__u32 index;
	__u32 reserved;
	__u64 id; /* the directory's inode number */
	char path[KVIEW_PATH_LEN]; /* below the root of the caller's cgroup namespace; empty when it is longer */
};

/* KVIEW_IOC_NEXT_LINK: the link of view @view with the lowest id above @id. Device fd. KVIEW_IOC_LINK_INFO on a link fd. */
struct kview_link_info {
	__u32 size;
	__u32 view;
	__u32 id;
	__u32 kind;
	__u32 prog_id; /* BPF program id, as bpftool shows it */
	__u32 hooks;
	__u64 runs; /* sums over the link's hooks, see kview_hook_info */
	__u64 missed;
	__u64 skipped;
	char prog_name[16]; /* BPF_OBJ_NAME_LEN */
};

/* KVIEW_IOC_HOOK_INFO: the @index-th hook of link @link in view @view. Device fd. */
struct kview_hook_info {
	__u32 size;
	__u32 view;
	__u32 link;
	__u32 index;
	__u64 addr;   /* function entry, or 0 for system calls and when hidden */
	__u64 number; /* system call number, or all ones for all */
	__u64 cookie;
	__u64 runs;    /* times the program ran */
	__u64 missed;  /* times a member reached the hook while a BPF program was already running on that CPU */
	__u64 skipped; /* times the hook was reached by an interrupt or a kernel thread that borrowed a member's view */
	char name[KVIEW_SYMBOL_LEN];
	__u32 partial; /* 1: modules loaded since call the tracepoint, too, unseen */
	__u32 reserved;
};

#define KVIEW_IOC_TYPE 0xBD /* free in ioctl-number.rst as of 6.12 */

#define KVIEW_IOC_INFO _IOWR(KVIEW_IOC_TYPE, 0x00, struct kview_info)
#define KVIEW_IOC_VIEW_CREATE _IOW(KVIEW_IOC_TYPE, 0x01, struct kview_view_create)
#define KVIEW_IOC_CHECK _IOWR(KVIEW_IOC_TYPE, 0x02, struct kview_check)
#define KVIEW_IOC_NEXT_VIEW _IOWR(KVIEW_IOC_TYPE, 0x03, struct kview_view_info)
#define KVIEW_IOC_MEMBER_INFO _IOWR(KVIEW_IOC_TYPE, 0x04, struct kview_member_info)
#define KVIEW_IOC_NEXT_LINK _IOWR(KVIEW_IOC_TYPE, 0x05, struct kview_link_info)
#define KVIEW_IOC_HOOK_INFO _IOWR(KVIEW_IOC_TYPE, 0x06, struct kview_hook_info)
#define KVIEW_IOC_CGROUP_INFO _IOWR(KVIEW_IOC_TYPE, 0x07, struct kview_cgroup_info)
#define KVIEW_IOC_MEMBER_ADD _IOWR(KVIEW_IOC_TYPE, 0x10, struct kview_member)
#define KVIEW_IOC_MEMBER_REMOVE _IOWR(KVIEW_IOC_TYPE, 0x11, struct kview_member)
#define KVIEW_IOC_LINK_CREATE _IOWR(KVIEW_IOC_TYPE, 0x12, struct kview_link_create)
#define KVIEW_IOC_VIEW_INFO _IOWR(KVIEW_IOC_TYPE, 0x13, struct kview_view_info)
#define KVIEW_IOC_CGROUP_ADD _IOWR(KVIEW_IOC_TYPE, 0x14, struct kview_cgroup)
#define KVIEW_IOC_CGROUP_REMOVE _IOWR(KVIEW_IOC_TYPE, 0x15, struct kview_cgroup)
#define KVIEW_IOC_LINKS_START _IOWR(KVIEW_IOC_TYPE, 0x17, struct kview_links_start)
#define KVIEW_IOC_LINK_INFO _IOWR(KVIEW_IOC_TYPE, 0x20, struct kview_link_info)

#endif /* _UAPI_KVIEW_H */
