/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules that tests load and unload. */
#ifndef TESTS_VM_MODULES_H
#define TESTS_VM_MODULES_H

/* Load a file; 0 or a negative errno. */
int module_load(const char *path);

/* Load one of tests/vm/kmod, or end the case. */
void module_load_test(const char *name);

/* Unload, without waiting for users; 0 or a negative errno. */
int module_unload(const char *name);

/* Path of build/FOLDER/RELEASE/NAME.ko for the running kernel, in a static buffer. */
const char *module_path(const char *folder, const char *name);

#endif
