// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file is the traced process's own: libelf checks what it hands out, and what we compute from it is checked here.
 */
#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define DEBUG_ROOT "/usr/lib/debug/.build-id"
#define SYMBOLS_MAX (4UL << 20) /* of one file */
#define VDSO_SIZE 8192		/* at least as long as it is, and not longer than what is mapped */

DEFINE_CLEANUP(Elf *, elf_end)

static Elf *open_elf(int fd)
{
	elf_version(EV_CURRENT);
	return elf_begin(fd, ELF_C_READ_MMAP, NULL);
}

static bool is_ours(Elf *elf)
{
	GElf_Ehdr header;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return false;
	return header.e_machine == EM_X86_64 || header.e_machine == EM_386;
}

static int read_segments(Elf *elf, struct elf_file *file)
{
	struct elf_segment *list;
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return -ENOEXEC;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, i, &header) || header.p_type != PT_LOAD || !(header.p_flags & PF_X))
			continue;
		list = reallocarray(file->segments, file->segment_count + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		file->segments = list;
		list[file->segment_count++] =
			(struct elf_segment){ header.p_offset, header.p_filesz, header.p_vaddr };
	}
	return 0;
}

bool elf_file_addr(const struct elf_file *file, uint64_t offset, uint64_t *ret_addr)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];

		if (offset < segment->offset || offset - segment->offset >= segment->size)
			continue;
		*ret_addr = offset - segment->offset + segment->addr;
		return true;
	}
	return false;
}

static bool is_function(const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value && (type == STT_FUNC || type == STT_GNU_IFUNC);
}

/* Symbols of one table; versions ("memcpy@@GLIBC_2.14") are cut off. */
static int add_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct symtab *table)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	const char *name;
	GElf_Sym symbol;
	int err = 0;

	for (size_t i = 0; data && !err && i < count && i < SYMBOLS_MAX; i++) {
		if (!gelf_getsym(data, i, &symbol) || !is_function(&symbol))
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name && *name)
			err = symtab_add(table, symbol.st_value, symbol.st_size, name, strcspn(name, "@"));
	}
	return err;
}

/* Symbols of the first table of this type; none is no error. */
static int read_table(Elf *elf, uint32_t type, struct symtab *table)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == type)
			return add_symbols(elf, section, &header, table);
	return 0;
}

static void keep_build_id(Elf_Data *data, struct elf_file *file)
{
	size_t at = 0, name, desc;
	GElf_Nhdr note;

	while ((at = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz > ELF_BUILD_ID_MAX ||
		    note.n_namesz != sizeof("GNU") || memcmp((char *)data->d_buf + name, "GNU", sizeof("GNU")))
			continue;
		memcpy(file->build_id, (char *)data->d_buf + desc, note.n_descsz);
		file->build_id_len = note.n_descsz;
	}
}

static void read_build_id(Elf *elf, struct elf_file *file)
{
	GElf_Phdr header;
	Elf_Data *data;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return;
	for (size_t i = 0; i < count && !file->build_id_len; i++) {
		if (!gelf_getphdr(elf, i, &header) || header.p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(elf, header.p_offset, header.p_filesz,
					    header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		if (data)
			keep_build_id(data, file);
	}
}

/* Symbols of the file that was split off when this one was stripped. */
static int read_debug_file(struct elf_file *file)
{
	char path[sizeof(DEBUG_ROOT) + 2 * ELF_BUILD_ID_MAX + 16];
	_cleanup_(closep) int fd = -1;
	_cleanup_(elf_endp) Elf *elf = NULL;
	int len;

	if (file->build_id_len < 2)
		return 0;
	len = sprintf(path, "%s/%02x/", DEBUG_ROOT, file->build_id[0]);
	for (size_t i = 1; i < file->build_id_len; i++)
		len += sprintf(path + len, "%02x", file->build_id[i]);
	strcpy(path + len, ".debug");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	elf = open_elf(fd);
	return is_ours(elf) ? read_table(elf, SHT_SYMTAB, file->symbols) : 0;
}

static int read_symbols(Elf *elf, struct elf_file *file)
{
	int err;

	err = symtab_new(&file->symbols);
	if (!err)
		err = read_table(elf, SHT_SYMTAB, file->symbols);
	if (!err && !symtab_count(file->symbols))
		err = read_debug_file(file);
	if (!err && !symtab_count(file->symbols)) {
		file->stripped = true;
		err = read_table(elf, SHT_DYNSYM, file->symbols);
	}
	if (!err)
		symtab_sort(file->symbols);
	return err;
}

static int read_elf(Elf *elf, struct elf_file *ret_file)
{
	struct elf_file file = {};
	int err;

	if (!is_ours(elf))
		return -ENOEXEC;
	read_build_id(elf, &file);
	err = read_segments(elf, &file);
	if (!err)
		err = read_symbols(elf, &file);
	if (err) {
		elf_file_deinit(&file);
		return err;
	}
	*ret_file = file;
	return 0;
}

int elf_file_read(int fd, struct elf_file *ret_file)
{
	_cleanup_(elf_endp) Elf *elf = open_elf(fd);

	return read_elf(elf, ret_file);
}

int elf_file_read_vdso(struct elf_file *ret_file)
{
	char *image = (char *)getauxval(AT_SYSINFO_EHDR);
	_cleanup_(elf_endp) Elf *elf = NULL;

	if (!image)
		return -ENOENT;
	elf_version(EV_CURRENT);
	elf = elf_memory(image, VDSO_SIZE);
	return read_elf(elf, ret_file);
}

void elf_file_deinit(struct elf_file *file)
{
	symtab_free(file->symbols);
	free(file->segments);
	*file = (struct elf_file){};
}
