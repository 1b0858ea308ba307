// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Put payload.S into a program, which then makes system calls of its own. For tests of guard; never install it.
 *
 *   intruder process PID PORT    into the memory of a process that runs, which does it at once
 *   intruder file PATH PORT      into an executable, which does it whenever it is started; the file stays the same file
 *
 * Both go on as before when that is done.
 */
#include <arpa/inet.h>
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define HEADERS_MAX 64

extern const unsigned char payload[], payload_end[], payload_port[], payload_return[];

/* As it is to lie at @at, to go on at @next. Free it. */
static unsigned char *make_code(uint64_t at, uint64_t next, int port, size_t *ret_size)
{
	size_t size = payload_end - payload;
	unsigned char *code = malloc(size);
	uint64_t distance = next - at;
	uint16_t network = htons(port);

	if (!code)
		err(1, "memory");
	memcpy(code, payload, size);
	memcpy(code + (payload_port - payload), &network, sizeof(network));
	memcpy(code + (payload_return - payload), &distance, sizeof(distance));
	*ret_size = size;
	return code;
}

/* --- a process --- */

static int open_proc(int pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* The end of the last page of @pid's program, its first code: the linker fills what is left of it, and nobody needs that. */
static uint64_t find_gap(int pid, size_t size)
{
	FILE *maps = fdopen(open_proc(pid, "maps", O_RDONLY), "r");
	unsigned long start, end = 0;
	char line[512], access[5];
	int found = 0;

	while (maps && !found && fgets(line, sizeof(line), maps))
		found = sscanf(line, "%lx-%lx %4s", &start, &end, access) == 3 && !strcmp(access, "r-xp");
	if (!found)
		errx(1, "process %d: no code", pid);
	fclose(maps);
	return end - size;
}

static void write_code(int pid, uint64_t at, const void *code, size_t size)
{
	int fd = open_proc(pid, "mem", O_WRONLY);

	if (pwrite(fd, code, size, at) != (ssize_t)size)
		err(1, "the memory of process %d at %#lx", pid, at);
	close(fd);
}

static void enter_process(int pid, int port)
{
	struct user_regs_struct registers;
	unsigned char *code;
	uint64_t at = find_gap(pid, payload_end - payload);
	size_t size;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
		err(1, "process %d", pid);
	if (waitpid(pid, NULL, __WALL) != pid || ptrace(PTRACE_GETREGS, pid, NULL, &registers))
		err(1, "process %d does not stop", pid);
	/* The call it waits in ends, as by a signal, and is not made again by the kernel at another address. */
	if ((long long)registers.orig_rax >= 0 && (long long)registers.rax < 0)
		registers.rax = -EINTR;
	registers.orig_rax = -1;
	code = make_code(at, registers.rip, port, &size);
	write_code(pid, at, code, size);
	free(code);
	registers.rip = at;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) || ptrace(PTRACE_DETACH, pid, NULL, NULL))
		err(1, "process %d", pid);
}

/* --- a file --- */

static void read_at(int fd, void *data, size_t size, off_t at)
{
	if (pread(fd, data, size, at) != (ssize_t)size)
		errx(1, "the file is too short");
}

static void write_at(int fd, const void *data, size_t size, off_t at)
{
	if (pwrite(fd, data, size, at) != (ssize_t)size)
		err(1, "the file cannot be written");
}

/* The address behind all that is loaded, on a page of its own. */
static uint64_t find_room(const Elf64_Phdr *headers, size_t count)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (headers[i].p_type == PT_LOAD && headers[i].p_vaddr + headers[i].p_memsz > end)
			end = headers[i].p_vaddr + headers[i].p_memsz;
	return (end + 2 * PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* A note becomes a segment of code behind all others, which nothing else in the file has to make room for. */
static void enter_file(const char *path, int port)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	Elf64_Phdr headers[HEADERS_MAX];
	unsigned char *code;
	struct stat status;
	Elf64_Ehdr file;
	size_t size, i;
	uint64_t at;

	if (fd < 0 || fstat(fd, &status))
		err(1, "%s", path);
	read_at(fd, &file, sizeof(file), 0);
	if (memcmp(file.e_ident, ELFMAG, SELFMAG) || file.e_phnum > HEADERS_MAX)
		errx(1, "%s: expected a program", path);
	read_at(fd, headers, file.e_phnum * sizeof(*headers), file.e_phoff);
	for (i = 0; i < file.e_phnum && headers[i].p_type != PT_NOTE; i++)
		;
	if (i == file.e_phnum)
		errx(1, "%s: expected a note", path);
	at = find_room(headers, file.e_phnum) + status.st_size % PAGE;
	code = make_code(at, file.e_entry, port, &size);
	write_at(fd, code, size, status.st_size);
	free(code);
	headers[i] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = status.st_size, .p_vaddr = at,
				   .p_paddr = at, .p_filesz = size, .p_memsz = size, .p_align = PAGE };
	write_at(fd, headers, file.e_phnum * sizeof(*headers), file.e_phoff);
	file.e_entry = at;
	write_at(fd, &file, sizeof(file), 0);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "process"))
		enter_process(atoi(argv[2]), atoi(argv[3]));
	else if (argc == 4 && !strcmp(argv[1], "file"))
		enter_file(argv[2], atoi(argv[3]));
	else
		errx(2, "usage: intruder process PID PORT | file PATH PORT");
	return 0;
}
