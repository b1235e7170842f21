// What a process may do, reduced for good.

#ifndef CADRE_PRIVILEGES_H
#define CADRE_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What cadre_apply_privileges() does, in this order.
enum cadre_privileges_step {
    CADRE_PRIVILEGES_DONE = 0,
    CADRE_PRIVILEGES_BOUNDING_SET,
    CADRE_PRIVILEGES_SECURITY_BITS,
    CADRE_PRIVILEGES_GROUPS,
    CADRE_PRIVILEGES_GROUP,
    CADRE_PRIVILEGES_USER,
    CADRE_PRIVILEGES_CAPABILITIES,
    CADRE_PRIVILEGES_AMBIENT_SET,
    CADRE_PRIVILEGES_NO_NEW_PRIVILEGES,
};

// Pointers aside, this can be sent to another program as it is.
struct cadre_privileges {
    // Whether groups, group and user are to be set.
    bool change_credentials;
    // Whether the permitted, effective, inheritable and ambient capabilities are to be exactly `capabilities`. If not, a
    // process that becomes another user than root loses its ambient ones, and that is all.
    bool limit_capabilities;
    // With limit_capabilities: whether the bounding set is to be `capabilities` as well, and the security bits locked such
    // that being root gives none by itself. It takes CAP_SETPCAP. Without it, no_new_privileges has the same effect.
    bool lock_capabilities;
    // Whether there is nothing to drop from it; for cadre_spawn() to set.
    bool bounding_set_is_empty;
    bool no_new_privileges;
    uid_t user;
    gid_t group;
    // Bit n is capability n.
    uint64_t capabilities;
    const gid_t *groups;
    size_t group_count;
};

// Applies them to the calling thread, which is to be its process's only one and to execute a program next: only then are
// all of them in force. It is async-signal-safe, and safe in a child that shares its parent's memory.
//
// Returns CADRE_PRIVILEGES_DONE, or the step that failed, with errno set and *index the capability's number, where the step
// is about one, or 0.
enum cadre_privileges_step cadre_apply_privileges(const struct cadre_privileges *privileges, size_t *index);

#endif
