/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's ABI with as little around it as possible. kv_X() ends the case when the call fails; kv_try_X() returns
 * a negative errno and leaves what the module said in kv_reason and kv_index.
 */
#ifndef TESTS_VM_KV_H
#define TESTS_VM_KV_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include <kview.h>

extern __u32 kv_reason, kv_index;

/* Is the module there? */
bool kv_loaded(void);

/* The descriptor of /dev/kview; opened once per process. */
int kv_device(void);

/* Let go of it, so that the module can be unloaded. */
void kv_device_close(void);

void kv_info(struct kview_info *ret_info);

int kv_try_view(void);
int kv_view(void);
struct kview_view_info kv_view_info(int view);

int kv_try_member(int view, pid_t pid);
void kv_member(int view, pid_t pid);
/* The same with KVIEW_MEMBER_FOLLOW. */
int kv_try_follow(int view, pid_t pid);
void kv_follow(int view, pid_t pid);

int kv_try_member_remove(int view, pid_t pid);
int kv_try_member_pidfd(int view, int pidfd);

/* One thread alone: the same with KVIEW_MEMBER_THREAD. */
int kv_try_thread(int view, pid_t tid);
int kv_try_thread_remove(int view, pid_t tid);

/* All of a cgroup, by a descriptor of its directory. */
int kv_try_cgroup(int view, int fd);
void kv_cgroup(int view, int fd);
int kv_try_cgroup_remove(int view, int fd);

int kv_try_link(int view, __u32 kind, int prog, const struct kview_target *targets, __u32 count);
/* With KVIEW_LINK_*. */
int kv_try_link_flags(int view, __u32 kind, __u32 flags, int prog, const struct kview_target *targets, __u32 count);

/* One function, by name. */
int kv_try_entry(int view, int prog, const char *function);
int kv_entry(int view, int prog, const char *function);

/* One system call; @number does not matter for the raw kinds. */
int kv_try_syscall(int view, __u32 kind, int prog, long number);
int kv_syscall(int view, __u32 kind, int prog, long number);

struct kview_link_info kv_link_info(int link);

/* Wait until no trampoline waits to be freed. */
void kv_wait_retired(void);

/* "KVIEW_WHY_NO_SYMBOL" and its like. */
const char *kv_reason_name(__u32 reason);

#endif
