// SPDX-License-Identifier: GPL-2.0-or-later
/* The file is a process's own: libelf checks what it hands out, and what we compute from it is checked here. */
#include "gc_hooks.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <string.h>

#include "util/cleanup.h"

#define NOTE_TYPE 3 /* of SystemTap's probes; their owner is "stapsdt" */
#define SYMBOLS_MAX (4UL << 20)

/* Without its arguments, which differ from version to version. */
#define V8_COLLECT "_ZN2v88internal4Heap24PerformGarbageCollectionE"

DEFINE_CLEANUP(Elf *, elf_end)

static const struct {
	const char *provider, *name;
	enum gc_runtime runtime;
} probes[] = {
	{ "python", "gc__start", GC_PYTHON },
	{ "ruby", "gc__mark__begin", GC_RUBY },
	{ "hotspot", "gc__begin", GC_JVM },
};

/* A probe's note: three addresses, then provider, name and arguments, each ended by a zero. */
static bool is_begin(const char *desc, size_t size, enum gc_runtime *ret_runtime)
{
	const char *provider = desc + 3 * sizeof(uint64_t), *end = desc + size, *name;

	if (size <= 3 * sizeof(uint64_t))
		return false;
	name = memchr(provider, 0, end - provider);
	if (!name || !memchr(name + 1, 0, end - name - 1))
		return false;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		if (strcmp(provider, probes[i].provider) || strcmp(name + 1, probes[i].name))
			continue;
		*ret_runtime = probes[i].runtime;
		return true;
	}
	return false;
}

static bool find_in_notes(Elf_Data *data, enum gc_runtime *ret_runtime)
{
	size_t at = 0, name, desc;
	GElf_Nhdr note;

	while ((at = gelf_getnote(data, at, &note, &name, &desc)) > 0)
		if (note.n_type == NOTE_TYPE && note.n_namesz == sizeof("stapsdt") &&
		    !memcmp((char *)data->d_buf + name, "stapsdt", sizeof("stapsdt")) &&
		    is_begin((char *)data->d_buf + desc, note.n_descsz, ret_runtime))
			return true;
	return false;
}

static bool has_probes(Elf *elf, enum gc_runtime *ret_runtime)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf_Data *data;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(section, NULL);
		if (data && find_in_notes(data, ret_runtime))
			return true;
	}
	return false;
}

/* Symbols are read one by one: a table of all of a JavaScript engine's would take more memory than the daemon has. */
static uint64_t find_function(Elf *elf, uint32_t type)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf_Data *data = NULL;
	size_t count = 0;
	const char *name;
	GElf_Sym symbol;

	while (!data && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == type && header.sh_entsize) {
			data = elf_getdata(section, NULL);
			count = header.sh_size / header.sh_entsize;
		}
	for (size_t i = 0; data && i < count && i < SYMBOLS_MAX; i++) {
		if (!gelf_getsym(data, i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
		    symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, header.sh_link, symbol.st_name);
		/* Parts that the compiler has split off have a suffix. */
		if (name && !strncmp(name, V8_COLLECT, strlen(V8_COLLECT)) && !strchr(name, '.'))
			return symbol.st_value;
	}
	return 0;
}

/* Where in the file the code at @addr is; 0: nowhere. */
static uint64_t offset_of(Elf *elf, uint64_t addr)
{
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, i, &header) && header.p_type == PT_LOAD && (header.p_flags & PF_X) &&
		    addr >= header.p_vaddr && addr - header.p_vaddr < header.p_filesz)
			return addr - header.p_vaddr + header.p_offset;
	return 0;
}

int gc_hooks_read(int fd, struct gc_hooks *ret_hooks)
{
	_cleanup_(elf_endp) Elf *elf = NULL;
	struct gc_hooks hooks = {};
	uint64_t addr;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	/* Notes with addresses of another size would mean something else. */
	if (!elf || elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64)
		return -ENOENT;
	if (!has_probes(elf, &hooks.runtime)) {
		addr = find_function(elf, SHT_DYNSYM) ?: find_function(elf, SHT_SYMTAB);
		hooks.offset = addr ? offset_of(elf, addr) : 0;
		if (!hooks.offset)
			return -ENOENT;
		hooks.runtime = GC_V8;
	}
	*ret_hooks = hooks;
	return 0;
}
