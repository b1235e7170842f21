#define _GNU_SOURCE

#include "CLinux.h"

#include <linux/landlock.h>
#include <sys/syscall.h>

int cadre_landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}
