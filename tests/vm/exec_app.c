// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An application that does a little of everything tools trace: at each SIGUSR2 that many rounds, which it says when they
 * are over; in between it sleeps. So what a tool has to count is known.
 *
 * usage: exec_app NAME PORT ROUNDS
 *
 * All that can be told apart carries NAME: the names of its process, its children and its files, and the port it
 * connects to itself on. So a tool that sees two of them shows which.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 10000000

static const char *name;
static char folder[64], file[96], moved[96], program[96];

static void use_files(void)
{
	char data[4096] = "";
	struct statfs fs;
	struct stat st;
	int fd = open(file, O_CREAT | O_RDWR, 0600);

	if (write(fd, data, sizeof(data)) != sizeof(data) || pread(fd, data, sizeof(data), 0) != sizeof(data))
		abort();
	fsync(fd);
	close(fd);
	syscall(SYS_stat, file, &st);
	stat(file, &st);
	statfs(file, &fs);
	rename(file, moved);
	syscall(SYS_access, moved, R_OK);
	unlink(moved);
	open("/nonexistent", O_RDONLY);
	mount("none", folder, "tmpfs", 0, NULL);
	umount(folder);
}

static int listen_on(int port, struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) || listen(fd, 5)) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static void use_network(int port)
{
	struct sockaddr_in address;
	int server = listen_on(port, &address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	char data[100] = "";

	if (connect(client, (struct sockaddr *)&address, sizeof(address)))
		abort();
	peer = accept(server, NULL, NULL);
	if (write(client, data, sizeof(data)) < 0 || read(peer, data, sizeof(data)) < 0)
		abort();
	close(client);
	close(peer);
	close(server);
}

static void use_unix_sockets(void)
{
	char data[10] = "";
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
	    write(pair[0], data, sizeof(data)) != sizeof(data) || read(pair[1], data, sizeof(data)) != sizeof(data))
		abort();
	close(pair[0]);
	close(pair[1]);
}

static void *nothing(void *data)
{
	return data;
}

static void use_processes(void)
{
	pthread_t thread;
	pid_t child = fork();

	if (child == 0) {
		execl(program, program, NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	if (!pthread_create(&thread, NULL, nothing, NULL))
		pthread_join(thread, NULL);
	kill(getpid(), SIGUSR1);
	if (setuid(0) || setresuid(0, 0, 0))
		abort();
}

static void use_memory(void)
{
	char *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	void *segment = shmat(id, NULL, 0);

	memset(page, 1, 1 << 20);
	munmap(page, 1 << 20);
	shmdt(segment);
	shmctl(id, IPC_RMID, NULL);
}

static void use_names(void)
{
	struct addrinfo *result;

	if (!getaddrinfo("localhost", NULL, NULL, &result))
		freeaddrinfo(result);
}

static void burn(void)
{
	for (volatile int i = 0; i < 200000; i++)
		;
}

static void ignore(int number)
{
	(void)number;
}

static void prepare(sigset_t *ret_start)
{
	char command[256];

	sigemptyset(ret_start);
	sigaddset(ret_start, SIGUSR2);
	sigprocmask(SIG_BLOCK, ret_start, NULL);
	prctl(PR_SET_NAME, name);
	signal(SIGUSR1, ignore);
	snprintf(folder, sizeof(folder), "/tmp/%s", name);
	snprintf(file, sizeof(file), "/tmp/%s-file", name);
	snprintf(moved, sizeof(moved), "/tmp/%s-moved", name);
	snprintf(program, sizeof(program), "/tmp/%s-child", name);
	snprintf(command, sizeof(command), "cp /bin/true %s", program);
	mkdir(folder, 0700);
	if (system(command))
		abort();
}

static void do_round(int port)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	for (int i = 0; i < 10; i++)
		syscall(SYS_getppid);
	use_files();
	use_network(port);
	use_unix_sockets();
	use_processes();
	use_memory();
	use_names();
	burn();
	sync();
	syscall(SYS_nanosleep, &pause, NULL);
}

static void say(const char *word)
{
	if (write(STDOUT_FILENO, word, strlen(word)) < 0)
		exit(1);
}

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[3]) : 0, number;
	sigset_t start;

	if (argc < 4)
		return 2;
	name = argv[1];
	prepare(&start);
	say("ready\n");
	while (!sigwait(&start, &number)) {
		for (int i = 0; i < rounds; i++)
			do_round(atoi(argv[2]));
		say("done\n");
	}
	return 1;
}
