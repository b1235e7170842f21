// Starting a process in its cgroup, and learning how a process ended.
// (Not called spawn.h, which would hide the C library's header of that name.)

#ifndef CADRE_SPAWN_H
#define CADRE_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "cadre_privileges.h"
#include "cadre_scheduling.h"

// What a spawn does, in this order. CADRE_SPAWN_CLONE is the parent's; the others are the child's.
enum cadre_spawn_step {
    CADRE_SPAWN_DONE = 0,
    CADRE_SPAWN_CLONE,
    CADRE_SPAWN_SIGNALS,
    CADRE_SPAWN_SESSION,
    CADRE_SPAWN_DESCRIPTORS,
    CADRE_SPAWN_SCHEDULING,
    CADRE_SPAWN_LIMITS,
    CADRE_SPAWN_PRIVILEGES,
    CADRE_SPAWN_DIRECTORY,
    CADRE_SPAWN_EXEC,
};

struct cadre_spawn_limit {
    int resource;
    struct rlimit limit;
};

struct cadre_spawn {
    // The paths to try in turn, the arguments and the environment, each ending in NULL.
    const char *const *candidates;
    char *const *arguments;
    char *const *environment;
    // Ten writable characters within the environment, and a NUL after them, which become the child's
    // process id in decimal; or NULL.
    char *pid_text;
    // descriptors[i] becomes descriptor i of the child; all others are closed. The array is overwritten.
    int *descriptors;
    int descriptor_count;
    // A descriptor of the cgroup's directory, or -1 for the parent's own cgroup.
    int control_group;
    // The extended attribute of that cgroup that is to hold the process id in decimal before anything is executed, or
    // NULL. So who finds the cgroup knows its leader even if the parent was killed before it could write that down.
    const char *leader_attribute;
    // The signal that the process gets when the thread that started it ends, or 0 (PR_SET_PDEATHSIG).
    int parent_death_signal;
    struct cadre_scheduling scheduling;
    const struct cadre_spawn_limit *limits;
    size_t limit_count;
    // The signals that are blocked in the process, or NULL for none.
    const sigset_t *blocked_signals;
    // The file creation mask, or -1 for the parent's.
    int umask;
    struct cadre_privileges privileges;
    // The working directory, or NULL for the parent's.
    const char *directory;

    // What came of it: on success the process and its pidfd (close-on-exec), else the step that failed, its
    // errno, and what it was done to: an index into candidates, descriptors or limits, a capability, else 0.
    pid_t pid;
    int pidfd;
    enum cadre_spawn_step failed_step;
    // Of CADRE_SPAWN_SCHEDULING and CADRE_SPAWN_PRIVILEGES, which of those steps.
    enum cadre_scheduling_step failed_scheduling;
    enum cadre_privileges_step failed_privilege;
    int error;
    size_t failed_index;
};

// Starts a process as clone3(2) does with CLONE_INTO_CGROUP, CLONE_PIDFD, CLONE_VM and CLONE_VFORK, and waits until it
// executes its program. The process is the leader of a session of its own, with no signal handled or ignored.
// Returns 0, or -1 with failed_step, error and failed_index set; then no process is left behind.
int cadre_spawn(struct cadre_spawn *spawn);

// Makes children without capabilities faster to start: from now on the calling thread has an empty bounding set, which its
// children needn't drop then. It takes CAP_SETPCAP. Children that are to have capabilities are started by a thread that is
// started here for that, whoever calls cadre_spawn().
int cadre_give_up_bounding_set(void);

// Reaps the process behind a pidfd if it ended; of a process that isn't a child of the caller, asks the kernel (6.15 or
// later) how it ended. Returns 1 with a status as of wait(2), or with -1 for a status that nobody can tell any more;
// 0 if the process still runs, or still waits for its own parent to reap it; -1 with errno set.
// With `leave` a child is left to be reaped later, so that its status isn't lost with this process.
int cadre_reap(int pidfd, bool leave, int *status);

// What waitid(2) told, as a status of wait(2).
int cadre_wait_status(const siginfo_t *information);

#endif
