/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls that are hooked, 50 of them: the measured ones and others. */
#ifndef BENCH_SYSCALLS_H
#define BENCH_SYSCALLS_H

#define BENCH_SYSCALLS(X)                                                                                          \
	X(getppid) X(read) X(write) X(sendmsg) X(close) X(openat) X(poll) X(lseek) X(mmap) X(mprotect)             \
	X(munmap) X(brk) X(ioctl) X(pread64) X(pwrite64) X(readv) X(writev) X(access) X(pipe2) X(select)           \
	X(sched_yield) X(mremap) X(msync) X(mincore) X(madvise) X(dup) X(dup2) X(pause) X(nanosleep) X(alarm)      \
	X(getpid) X(sendfile64) X(socket) X(connect) X(accept4) X(sendto) X(recvfrom) X(recvmsg) X(shutdown)       \
	X(bind) X(listen) X(getsockname) X(setsockopt) X(getsockopt) X(kill) X(newuname) X(fcntl) X(flock)         \
	X(fsync) X(getcwd)

#endif
