// The limit: what the kernel alone takes to keep COUNT workers running, each in a cgroup of its own.
//
//   limit CGROUP COUNT PROGRAM FIFO
//
// It starts `PROGRAM FIFO NUMBER` COUNT times, each in a fresh child of the directory CGROUP, and a successor for each
// that dies, until it is killed. There is nothing here that a supervisor needs beside these system calls: no policy,
// no statistics, no log, no readiness, no sight of what else lives in the cgroup.

#define _GNU_SOURCE

#include <err.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
    char number[24];
    char name[40];
    unsigned incarnation;
    int group;
    int pidfd;
};

static int root;
static int epoll;
static char *program;
static char *fifo;

// As vfork(2) does it, with clone3's flags: the child runs on the parent's stack, in this very function, and leaves it
// by execve only.
static inline __attribute__((always_inline)) long clone_vfork(struct clone_args *arguments) {
    long result = SYS_clone3;
    __asm__ volatile(
#if defined(__x86_64__)
        "syscall"
        : "+a"(result)
        : "D"(arguments), "S"(sizeof *arguments)
        : "rcx", "r11", "cc", "memory");
#elif defined(__aarch64__)
        "mov x8, %0\n\tmov x0, %1\n\tmov x1, %2\n\tsvc #0\n\tmov %0, x0"
        : "+r"(result)
        : "r"(arguments), "r"(sizeof *arguments)
        : "x0", "x1", "x8", "cc", "memory");
#endif
    return result;
}

static void start(struct worker *worker) {
    worker->incarnation++;
    snprintf(worker->name, sizeof worker->name, "%s@%u", worker->number, worker->incarnation);
    if (mkdirat(root, worker->name, 0755) != 0) {
        err(1, "mkdir %s", worker->name);
    }
    worker->group = openat(root, worker->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (worker->group == -1) {
        err(1, "open %s", worker->name);
    }
    char *arguments[] = {program, fifo, worker->number, NULL};
    char *environment[] = {NULL};
    struct clone_args clone = {
        .flags = CLONE_INTO_CGROUP | CLONE_PIDFD | CLONE_VM | CLONE_VFORK | CLONE_FILES,
        .pidfd = (uintptr_t)&worker->pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)worker->group,
    };
    const long result = clone_vfork(&clone);
    if (result == 0) {
        // The first three descriptors alone are copied, instead of all to be closed by exec.
        syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_UNSHARE);
        syscall(SYS_execve, program, arguments, environment);
        _exit(127);
    }
    if (result < 0) {
        errx(1, "clone3: error %ld", -result);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = worker};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, worker->pidfd, &event) != 0) {
        err(1, "epoll_ctl");
    }
}

static void replace(struct worker *worker) {
    siginfo_t information;
    if (waitid(P_PIDFD, (id_t)worker->pidfd, &information, WEXITED) != 0) {
        err(1, "waitid");
    }
    // Before the next fork: a child holds a second descriptor of it until its exec is through, so that closing ours
    // would leave it in the set.
    if (epoll_ctl(epoll, EPOLL_CTL_DEL, worker->pidfd, NULL) != 0) {
        err(1, "epoll_ctl");
    }
    const struct worker old = *worker;
    start(worker);
    close(old.pidfd);
    close(old.group);
    if (unlinkat(root, old.name, AT_REMOVEDIR) != 0) {
        err(1, "rmdir %s", old.name);
    }
}

int main(int count, char **arguments) {
    if (count != 5) {
        errx(2, "usage: limit CGROUP COUNT PROGRAM FIFO");
    }
    root = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root == -1) {
        err(1, "open %s", arguments[1]);
    }
    const size_t workers = strtoul(arguments[2], NULL, 10);
    program = arguments[3];
    fifo = arguments[4];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct worker *table = calloc(workers, sizeof *table);
    for (size_t i = 0; i < workers; i++) {
        snprintf(table[i].number, sizeof table[i].number, "%zu", i);
        start(&table[i]);
    }
    while (1) {
        struct epoll_event events[64];
        const int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            replace(events[i].data.ptr);
        }
    }
}
