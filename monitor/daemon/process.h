/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of processes. */
#ifndef KVIEW_MONITOR_PROCESS_H
#define KVIEW_MONITOR_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME 16 /* the kernel's, with its NUL */

struct process_stat {
	uint64_t minor_faults, major_faults;
	uint64_t start; /* ticks since boot: with the pid, it is one process for ever */
	uint64_t threads, resident; /* bytes */
	bool kernel; /* a thread of the kernel's */
};

/* Each returns -ESRCH when the process is gone. */
int process_name(pid_t pid, char ret_name[PROCESS_NAME]);
int process_stat(pid_t pid, struct process_stat *ret_stat);

/* The path of its cgroup, below the mount point ("/system.slice/a.service"). */
int process_cgroup(pid_t pid, char *ret_path, size_t size);

/* Whether it has a TCP socket that listens on this port. */
bool process_listens(pid_t pid, uint16_t port);

typedef int (*process_fn)(pid_t pid, void *data);
int process_each(process_fn fn, void *data);

/* The numbers in a file, one per line, as in cgroup.procs. */
int process_each_in(const char *path, process_fn fn, void *data);

/* Where the cgroup v2 file system is mounted. -ENOENT */
int cgroup_mount(char *ret_path, size_t size);

/* What files of /proc say: PID/stat; a line of net/tcp or net/tcp6, -ENOENT: of a socket that does not listen. */
int process_stat_parse(const char *text, struct process_stat *ret_stat);
int process_listener_parse(const char *line, uint16_t *ret_port, uint64_t *ret_inode);

#endif /* KVIEW_MONITOR_PROCESS_H */
