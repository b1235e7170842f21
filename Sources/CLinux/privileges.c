// See capabilities(7), "Transformation of capabilities during execve()" and "The securebits flags", credentials(7), and
// PR_SET_NO_NEW_PRIVS in prctl(2).
//
// All by system calls. The C library's functions for users and groups change those of every thread of the process by
// signalling the threads that they know of, which in a child that shares its parent's memory are the parent's; and
// those of libcap allocate memory.

#define _GNU_SOURCE

#include "CLinux.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// How many capabilities the kernel's interface has room for.
enum { most_capabilities = 64 };

static bool is_kept(const struct cadre_privileges *privileges, unsigned capability) {
    return (privileges->capabilities >> capability & 1) != 0;
}

static int drop_from_bounding_set(const struct cadre_privileges *privileges, size_t *index) {
    for (unsigned capability = 0; capability < most_capabilities; capability++) {
        // To look takes a tenth of the time that dropping takes.
        const int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (has == -1) {
            return 0;  // The kernel has no more.
        }
        if (has == 1 && !is_kept(privileges, capability) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            *index = capability;
            return -1;
        }
    }
    return 0;
}

// Root executes a program with the capabilities that anybody would have. What a change from root to another user takes
// away is left as it is, since servers rely on it: nginx's workers have none of those that its master needs.
static int lock_security_bits(void) {
    const int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    if (bits == -1) {
        return -1;
    }
    const int locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED;
    return prctl(PR_SET_SECUREBITS, bits | locked, 0, 0, 0);
}

static int set_capabilities(const struct cadre_privileges *privileges) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    for (unsigned word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
        const uint32_t set = (uint32_t)(privileges->capabilities >> (32 * word));
        data[word] = (struct __user_cap_data_struct){.effective = set, .permitted = set, .inheritable = set};
    }
    return (int)syscall(SYS_capset, &header, data);
}

// Those that a program without capabilities of its own has once it is executed, whoever the user.
static int set_ambient_set(const struct cadre_privileges *privileges, size_t *index) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return -1;
    }
    for (unsigned capability = 0; capability < most_capabilities; capability++) {
        if (is_kept(privileges, capability) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
            *index = capability;
            return -1;
        }
    }
    return 0;
}

// Groups first, as it takes a privilege that goes with the user.
static enum cadre_privileges_step change_credentials(const struct cadre_privileges *privileges) {
    if (syscall(SYS_setgroups, privileges->group_count, privileges->groups) != 0) {
        return CADRE_PRIVILEGES_GROUPS;
    }
    const gid_t group = privileges->group;
    if (syscall(SYS_setresgid, group, group, group) != 0) {
        return CADRE_PRIVILEGES_GROUP;
    }
    // Else a change from root to another user would drop them; exec takes this back.
    const bool keeps = privileges->limit_capabilities && privileges->capabilities != 0;
    if (keeps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
        return CADRE_PRIVILEGES_USER;
    }
    const uid_t user = privileges->user;
    if (syscall(SYS_setresuid, user, user, user) != 0) {
        return CADRE_PRIVILEGES_USER;
    }
    return CADRE_PRIVILEGES_DONE;
}

enum cadre_privileges_step cadre_apply_privileges(const struct cadre_privileges *privileges, size_t *index) {
    *index = 0;
    if (privileges->limit_capabilities && privileges->lock_capabilities) {
        if (!privileges->bounding_set_is_empty && drop_from_bounding_set(privileges, index) != 0) {
            return CADRE_PRIVILEGES_BOUNDING_SET;
        }
        if (lock_security_bits() != 0) {
            return CADRE_PRIVILEGES_SECURITY_BITS;
        }
    }
    if (privileges->change_credentials) {
        const enum cadre_privileges_step failed = change_credentials(privileges);
        if (failed != CADRE_PRIVILEGES_DONE) {
            return failed;
        }
    }
    if (privileges->limit_capabilities) {
        if (set_capabilities(privileges) != 0) {
            return CADRE_PRIVILEGES_CAPABILITIES;
        }
        if (set_ambient_set(privileges, index) != 0) {
            return CADRE_PRIVILEGES_AMBIENT_SET;
        }
    } else if (privileges->change_credentials && privileges->user != 0) {
        // A change from root to another user drops all; between other users, exec drops all but the ambient ones.
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
            return CADRE_PRIVILEGES_AMBIENT_SET;
        }
    }
    if (privileges->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return CADRE_PRIVILEGES_NO_NEW_PRIVILEGES;
    }
    return CADRE_PRIVILEGES_DONE;
}
