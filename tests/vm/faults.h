/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocations of the module that fail because a test wants it, on kernels that can (see vm/debug.config). */
#ifndef TESTS_VM_FAULTS_H
#define TESTS_VM_FAULTS_H

#include <stdbool.h>

/* Can this kernel do it? */
bool faults_possible(void);

/*
 * From here on allocations the module makes, itself or through functions it calls, are those that may fail; of whom and
 * how many follows below. Again after each load of the module, whose address changes.
 */
void faults_aim(void);

/* @percent of them fail for the calling process and those it forks from now on. 0: none any more, for nobody. */
void faults_begin(unsigned int percent);

/* The calling process is spared, and those it forks. */
void faults_spare(void);

/* Let only the @nth one fail that the calling thread makes from now on, counted from 1. */
void faults_nth(unsigned int nth);

/* Stop that; returns whether it had come to the one that failed. */
bool faults_nth_reached(void);

#endif
