// What the supervisor tells the stage, the program that builds a worker's walls and then executes the worker in its place.
//
// It is a file in memory that begins with struct cadre_stage_plan. All places in it are offsets from its beginning, 0 for
// none; strings end in NUL, and lists of strings are lists of such offsets that end in 0. Both map it, so that the stage
// can say what failed even when it may not make another system call.

#ifndef CADRE_STAGE_H
#define CADRE_STAGE_H

#include <stdint.h>

#include "cadre_privileges.h"

// To be raised with each change of what is below: the supervisor may be older than the stage that is installed.
enum { cadre_stage_version = 2 };

// What the stage does, in this order.
enum cadre_stage_step {
    CADRE_STAGE_DONE = 0,
    CADRE_STAGE_PLAN,
    CADRE_STAGE_NETWORK,
    CADRE_STAGE_NAMESPACE,
    CADRE_STAGE_MOUNT,
    CADRE_STAGE_LANDLOCK_RULE,
    CADRE_STAGE_PRIVILEGES,
    CADRE_STAGE_DIRECTORY,
    CADRE_STAGE_LANDLOCK,
    CADRE_STAGE_FILTER,
    CADRE_STAGE_EXEC,
};

// What becomes of a path in the worker's mount namespace. Of two that lie in one another the inner one has its way.
enum cadre_stage_mount_kind {
    // It, and what is mounted below it, stays as it is outside.
    CADRE_STAGE_KEEP = 0,
    // The same, and nothing may be written there.
    CADRE_STAGE_READ_ONLY,
    // Nothing of it can be seen.
    CADRE_STAGE_INACCESSIBLE,
    // An empty directory in its place, for everyone to write in.
    CADRE_STAGE_TEMPORARY,
    // An empty directory that can't be written to, but for what else of the list lies in it.
    CADRE_STAGE_EMPTY,
    // A /dev of harmless devices.
    CADRE_STAGE_DEVICES,
};

struct cadre_stage_mount {
    uint32_t path;
    uint8_t kind;
    // Whether it doesn't matter if there is no such path.
    uint8_t may_be_missing;
    uint16_t unused;
};

// A path and what a worker may do below it, in the bits of landlock_path_beneath_attr(2).
struct cadre_stage_rule {
    uint64_t access;
    uint32_t path;
    uint32_t may_be_missing;
};

// A TCP port and what a worker may do with it.
struct cadre_stage_port {
    uint64_t access;
    uint64_t port;
};

struct cadre_stage_plan {
    uint32_t version;
    // Of the whole file.
    uint32_t size;
    // What came of it: the step that failed, its errno, and to what it was done: an index into the mounts, rules, ports or
    // candidates, or what cadre_apply_privileges() says. These stay where they are in every version.
    uint32_t failed_step;
    uint32_t failed_privilege;
    int32_t error;
    uint32_t failed_index;

    uint32_t candidates;
    uint32_t arguments;
    uint32_t environment;
    // Ten characters in the environment that become the process's ID.
    uint32_t pid_text;
    uint32_t directory;

    uint32_t mounts;
    uint32_t mount_count;
    uint32_t has_private_network;

    // What Landlock governs; nothing else is restrained.
    uint64_t landlock_files;
    uint64_t landlock_ports;
    uint64_t landlock_scoped;
    uint32_t rules;
    uint32_t rule_count;
    uint32_t ports;
    uint32_t port_count;

    // A program of seccomp(2), of so many instructions.
    uint32_t filter;
    uint32_t filter_count;

    // Its groups are elsewhere.
    struct cadre_privileges privileges;
    uint32_t groups;
};

// The version of Landlock's interface that the kernel has, or -1 with errno (landlock_create_ruleset(2)).
int cadre_landlock_version(void);

#endif
