// The stage: it is executed in the place of a worker that is to have walls, builds them, and executes the worker.
//
// It is what comes between clone and exec for other workers, where only what is async-signal-safe may run: a program of its
// own, with one thread and nothing inherited, may allocate memory and look up paths. Its process is the worker's: the ID, the
// cgroup, the session, the descriptors, limits and signals are as they will be.
//
// Mounts come before the privileges that they need are given up; what can't be undone, before no new privileges can be
// gained, and the filter of system calls at the very end, as it may forbid what leads there.

#define _GNU_SOURCE

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

// The plan, mapped. Its descriptor is closed at exec, as is that of the pipe whose end tells the supervisor to look.
static struct cadre_stage_plan *read_plan(int descriptor) {
    struct stat status;
    // Of another version there is at least the beginning.
    if (fstat(descriptor, &status) != 0 || (size_t)status.st_size < offsetof(struct cadre_stage_plan, candidates)) {
        return NULL;
    }
    const size_t size = (size_t)status.st_size;
    struct cadre_stage_plan *plan = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return plan == MAP_FAILED ? NULL : plan;
}

static char **strings(struct cadre_stage_plan *plan, uint32_t list) {
    const uint32_t *offsets = stage_at(plan, list);
    size_t count = 0;
    while (offsets != NULL && offsets[count] != 0) {
        count++;
    }
    char **result = calloc(count + 1, sizeof *result);
    if (result == NULL) {
        stage_fail(plan, CADRE_STAGE_PLAN, 0);
    }
    for (size_t i = 0; i < count; i++) {
        result[i] = stage_at(plan, offsets[i]);
    }
    return result;
}

static void apply_privileges(struct cadre_stage_plan *plan) {
    plan->privileges.groups = stage_at(plan, plan->groups);
    size_t index;
    const enum cadre_privileges_step failed = cadre_apply_privileges(&plan->privileges, &index);
    if (failed != CADRE_PRIVILEGES_DONE) {
        plan->failed_privilege = failed;
        stage_fail(plan, CADRE_STAGE_PRIVILEGES, index);
    }
}

// As execvp(3) does: what is not there is passed over, what is forbidden is remembered.
_Noreturn static void execute(struct cadre_stage_plan *plan, char **candidates, char **arguments, char **environment) {
    int error = ENOENT;
    size_t index = 0;
    for (size_t i = 0; candidates[i] != NULL; i++) {
        execve(candidates[i], arguments, environment);
        if (errno == EACCES && error != EACCES) {
            error = EACCES;
            index = i;
        } else if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) {
            stage_fail(plan, CADRE_STAGE_EXEC, i);
        }
    }
    errno = error;
    stage_fail(plan, CADRE_STAGE_EXEC, index);
}

// Called as: cadre-stage DESCRIPTOR, which is the plan's; the next one is the pipe's.
int main(int count, char **arguments) {
    const int descriptor = count == 2 ? atoi(arguments[1]) : 0;
    struct cadre_stage_plan *plan = descriptor >= 3 ? read_plan(descriptor) : NULL;
    if (plan == NULL) {
        fprintf(stderr, "cadre-stage: it is Cadre that runs this, in the place of a worker with a sandbox\n");
        return 64;
    }
    if (plan->version != cadre_stage_version) {
        errno = ENOEXEC;
        stage_fail(plan, CADRE_STAGE_PLAN, cadre_stage_version);
    }
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 || fcntl(descriptor + 1, F_SETFD, FD_CLOEXEC) != 0) {
        stage_fail(plan, CADRE_STAGE_PLAN, 0);
    }
    char **candidates = strings(plan, plan->candidates);
    char **command = strings(plan, plan->arguments);
    char **environment = strings(plan, plan->environment);
    if (plan->pid_text != 0) {
        snprintf(stage_at(plan, plan->pid_text), sizeof "0000000000", "%d", getpid());
    }

    if (plan->has_private_network) {
        stage_enter_network(plan);
    }
    if (plan->mount_count > 0) {
        stage_mount(plan);
    }
    const int ruleset = stage_make_ruleset(plan);
    apply_privileges(plan);
    const char *directory = stage_at(plan, plan->directory);
    if (directory != NULL && chdir(directory) != 0) {
        stage_fail(plan, CADRE_STAGE_DIRECTORY, 0);
    }
    const bool is_restricted = ruleset != -1 || plan->filter_count > 0;
    if (is_restricted && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        stage_fail(plan, CADRE_STAGE_LANDLOCK, 0);
    }
    if (ruleset != -1) {
        stage_restrict(plan, ruleset);
    }
    if (plan->filter_count > 0) {
        stage_filter(plan);
    }
    execute(plan, candidates, command, environment);
}
