// What a process can only add to: Landlock (landlock(7)) and filters of system calls (seccomp(2)).

#define _GNU_SOURCE

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// What Linux 6.7 and 6.12 have, for headers that are older.
enum { rule_net_port = 2 };

struct ruleset {
    uint64_t files;
    uint64_t ports;
    uint64_t scoped;
};

struct port_rule {
    uint64_t access;
    uint64_t port;
};

// What may be done to something that isn't a directory: execute, write and read it, cut it off, control the device.
static const uint64_t file_access = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15;

static void add_rule(struct cadre_stage_plan *plan, int ruleset, const struct cadre_stage_rule *rule, size_t index) {
    const int path = open(stage_at(plan, rule->path), O_PATH | O_CLOEXEC);
    if (path == -1) {
        if (rule->may_be_missing && (errno == ENOENT || errno == ENOTDIR)) {
            return;
        }
        stage_fail(plan, CADRE_STAGE_LANDLOCK_RULE, index);
    }
    struct stat status;
    if (fstat(path, &status) != 0) {
        stage_fail(plan, CADRE_STAGE_LANDLOCK_RULE, index);
    }
    struct landlock_path_beneath_attr attribute = {
        .allowed_access = rule->access & (S_ISDIR(status.st_mode) ? UINT64_MAX : file_access),
        .parent_fd = path,
    };
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attribute, 0) != 0) {
        stage_fail(plan, CADRE_STAGE_LANDLOCK_RULE, index);
    }
    close(path);
}

int stage_make_ruleset(struct cadre_stage_plan *plan) {
    const struct ruleset attribute = {
        .files = plan->landlock_files,
        .ports = plan->landlock_ports,
        .scoped = plan->landlock_scoped,
    };
    if (attribute.files == 0 && attribute.ports == 0 && attribute.scoped == 0) {
        return -1;
    }
    // Kernels that don't know of ports or scopes take a larger struct as long as there are zeros in what they don't know.
    const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attribute, sizeof attribute, 0);
    if (ruleset == -1) {
        stage_fail(plan, CADRE_STAGE_LANDLOCK, 0);
    }
    const struct cadre_stage_rule *rules = stage_at(plan, plan->rules);
    for (size_t i = 0; i < plan->rule_count; i++) {
        add_rule(plan, ruleset, &rules[i], i);
    }
    const struct cadre_stage_port *ports = stage_at(plan, plan->ports);
    for (size_t i = 0; i < plan->port_count; i++) {
        const struct port_rule rule = {.access = ports[i].access, .port = ports[i].port};
        if (syscall(SYS_landlock_add_rule, ruleset, rule_net_port, &rule, 0) != 0) {
            stage_fail(plan, CADRE_STAGE_LANDLOCK, i);
        }
    }
    return ruleset;
}

void stage_restrict(struct cadre_stage_plan *plan, int ruleset) {
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        stage_fail(plan, CADRE_STAGE_LANDLOCK, 0);
    }
    close(ruleset);
}

void stage_filter(struct cadre_stage_plan *plan) {
    const struct sock_fprog program = {
        .len = (unsigned short)plan->filter_count,
        .filter = stage_at(plan, plan->filter),
    };
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        stage_fail(plan, CADRE_STAGE_FILTER, 0);
    }
}
