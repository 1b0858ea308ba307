/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threads and descendants a process has right now. */
#ifndef KVIEW_MONITOR_THREADS_H
#define KVIEW_MONITOR_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct thread_list {
	pid_t *list;
	size_t count;
};

void thread_list_deinit(struct thread_list *list);
bool thread_list_has(const struct thread_list *list, pid_t tid);

/* Add a number that is not there yet. -ENOMEM */
int thread_list_add(struct thread_list *list, pid_t tid);

/* Add all threads of process @pid. -ESRCH */
int thread_list_add_process(struct thread_list *list, pid_t pid);

/* Add process @pid and all its descendants: processes, not threads. -ESRCH */
int thread_list_add_tree(struct thread_list *list, pid_t pid);

/* Now, in the ticks of process_start(). */
uint64_t thread_now(void);

#endif /* KVIEW_MONITOR_THREADS_H */
