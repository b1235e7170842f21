// Filters of system calls by libseccomp (seccomp(3)), which is loaded when it is first needed: neither building nor running
// Cadre takes it.

#ifndef CADRE_SECCOMP_H
#define CADRE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Whether libseccomp is there. What is below is to be called only then.
bool cadre_seccomp_is_available(void);

// The number of a system call on this machine: -1 if there is none of that name, or another negative number if there is, but
// not on this architecture.
int cadre_seccomp_resolve(const char *name);

// Makes the program of a filter: `calls` get the one action and all others the other, each of which is an errno, 0 to allow
// the call, or -1 to kill the process. Returns the number of instructions, which *program then holds and which the caller
// frees, or -1 with errno.
ssize_t cadre_seccomp_compile(const int *calls, size_t count, int action, int other, uint64_t **program);

#endif
