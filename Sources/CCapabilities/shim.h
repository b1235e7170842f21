// As in CLinux.h: what both modules see of the C library must be the same.
#define _GNU_SOURCE 1

#include <sys/capability.h>
