// SPDX-License-Identifier: GPL-2.0-or-later
/* Collectors in files: Debian's python3, this program, and files made up. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/probes/gc_hooks.h"
#include "unit.h"

static int look_into(const char *path, struct gc_hooks *hooks)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = gc_hooks_read(fd, hooks);
	close(fd);
	return err;
}

static void real_files(void **state)
{
	struct gc_hooks hooks = { .offset = 1 };

	(void)state;
	assert_int_equal(look_into("/usr/bin/python3", &hooks), 0);
	assert_int_equal(hooks.runtime, GC_PYTHON);
	assert_int_equal(hooks.offset, 0);
	assert_int_equal(look_into("/proc/self/exe", &hooks), -ENOENT);
	assert_int_equal(look_into("/proc/self/cmdline", &hooks), -ENOENT);
	assert_int_equal(look_into("/dev/null", &hooks), -ENOENT);
}

/* A file with a section of each kind that is looked at. */
struct made {
	Elf64_Ehdr header;
	Elf64_Phdr code;
	Elf64_Shdr sections[5];
	Elf64_Sym symbols[3];
	char strings[128];
	struct {
		Elf64_Nhdr header;
		char owner[8];
		char addresses[24];
		char text[32];
	} note;
};

enum { NONE, SYMBOLS, STRINGS, NOTES, NAMES };

#define V8_FUNCTION "_ZN2v88internal4Heap24PerformGarbageCollectionENS0_16GarbageCollectorEPKc"

#define SIZE_OF(field) sizeof(((struct made *)NULL)->field)

#define FUNCTION(name, address)                                                                      \
	{                                                                                            \
		.st_name = name, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1,      \
		.st_value = address                                                                  \
	}

#define TABLE_OF_STRINGS                                                                             \
	{                                                                                            \
		.sh_type = SHT_STRTAB, .sh_offset = offsetof(struct made, strings),                  \
		.sh_size = SIZE_OF(strings), .sh_addralign = 1                                       \
	}

/* A program of Ruby, as its probe says, that has V8's function, too. */
static const struct made whole = {
	.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		    .e_type = ET_EXEC,
		    .e_machine = EM_X86_64,
		    .e_version = EV_CURRENT,
		    .e_ehsize = sizeof(Elf64_Ehdr),
		    .e_phoff = offsetof(struct made, code),
		    .e_phentsize = sizeof(Elf64_Phdr),
		    .e_phnum = 1,
		    .e_shoff = offsetof(struct made, sections),
		    .e_shentsize = sizeof(Elf64_Shdr),
		    .e_shnum = 5,
		    .e_shstrndx = NAMES },
	.code = { .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_X,
		  .p_offset = 0x100,
		  .p_vaddr = 0x400000,
		  .p_filesz = 0x1000,
		  .p_memsz = 0x1000 },
	.sections = { [SYMBOLS] = { .sh_type = SHT_DYNSYM,
				    .sh_offset = offsetof(struct made, symbols),
				    .sh_size = SIZE_OF(symbols),
				    .sh_entsize = sizeof(Elf64_Sym),
				    .sh_link = STRINGS,
				    .sh_addralign = 8 },
		      [STRINGS] = TABLE_OF_STRINGS,
		      [NOTES] = { .sh_type = SHT_NOTE,
				  .sh_offset = offsetof(struct made, note),
				  .sh_size = SIZE_OF(note),
				  .sh_addralign = 4 },
		      [NAMES] = TABLE_OF_STRINGS },
	.symbols = { {}, FUNCTION(1, 0x400200), FUNCTION(7, 0x400300) },
	.strings = "\0other\0" V8_FUNCTION,
	.note = { .header = { 8, SIZE_OF(note) - sizeof(Elf64_Nhdr) - 8, 3 },
		  .owner = "stapsdt",
		  .text = "ruby\0gc__mark__begin\0" },
};

static int look_into_made(const struct made *made, size_t size, struct gc_hooks *hooks)
{
	int fd = memfd_create("made", MFD_CLOEXEC), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, made, size), size);
	err = gc_hooks_read(fd, hooks);
	close(fd);
	return err;
}

static void made_files(void **state)
{
	struct gc_hooks hooks;
	struct made made = whole;

	(void)state;
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), 0);
	assert_int_equal(hooks.runtime, GC_RUBY);
	assert_int_equal(hooks.offset, 0);
	/* Without that probe it is the function, at its offset. */
	made.note.text[0] = 'R';
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), 0);
	assert_int_equal(hooks.runtime, GC_V8);
	assert_int_equal(hooks.offset, 0x400);
	/* Not where nothing is executed. */
	made.code.p_flags = PF_R;
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), -ENOENT);
	made.code.p_flags = PF_R | PF_X;
	made.symbols[2].st_value = 0x500000;
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), -ENOENT);
	made.symbols[2].st_value = 0x400300;
	made.symbols[2].st_shndx = SHN_UNDEF;
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), -ENOENT);
}

/* A note that says less than it should, names without an end, sections that reach out of the file. */
static void bad_files(void **state)
{
	struct gc_hooks hooks;
	struct made made = whole;

	(void)state;
	made.symbols[2].st_shndx = SHN_UNDEF;
	made.note.header.n_descsz = 20;
	made.sections[NOTES].sh_size = sizeof(Elf64_Nhdr) + 8 + 20;
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), -ENOENT);
	made = whole;
	made.symbols[2].st_shndx = SHN_UNDEF;
	memset(made.note.text, 'x', sizeof(made.note.text));
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), -ENOENT);
	made.sections[NOTES].sh_size = 1UL << 40;
	made.sections[SYMBOLS].sh_size = 1UL << 40;
	assert_int_equal(look_into_made(&made, sizeof(made), &hooks), -ENOENT);
	for (size_t size = 0; size < sizeof(whole); size++)
		look_into_made(&whole, size, &hooks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_files),
		cmocka_unit_test(made_files),
		cmocka_unit_test(bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
