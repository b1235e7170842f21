// The limit: what the kernel alone takes to keep COUNT workers running, each in a cgroup of its own.
//
//   limit CGROUP COUNT PROGRAM FIFO [DIRECTORY]
//
// It starts `PROGRAM FIFO NUMBER` COUNT times, each in a fresh child of the directory CGROUP, and a successor for each
// that dies, until it is killed. There is nothing here that a supervisor needs beside these system calls: no policy,
// no statistics, no log, no readiness, no sight of what else lives in the cgroup.
//
// With a DIRECTORY, where it puts sockets and a journal, it makes the other calls, too, that Cadre makes for each worker,
// and nothing comes of them: a socket for notifications, which somebody else keeps; no signal ignored, no privilege, no
// descriptor of the supervisor's in the worker, and a session of its own; a look at the cgroup after each start and each
// end, what it used, and a record of both. What Cadre takes beyond that is its own code.

#define _GNU_SOURCE

#include <err.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

struct worker {
    char number[24];
    char name[40];
    unsigned incarnation;
    int group;
    int pidfd;
    int notifications;
    int watch;
};

static int root;
static int epoll;
static char *program;
static char *fifo;

// For the calls that Cadre makes beside those that it takes.
static char *directory;
static int keeper;
static int inotify;
static int journal;
static int messages;
static int signals;
static int stopping;

// Reads a file of a cgroup's, as all of them are: opened, and read to its end at once.
static void look(int group, const char *name) {
    char text[4096];
    const int file = openat(group, name, O_RDONLY | O_CLOEXEC);
    if (file == -1) {
        return;  // Not each controller is everywhere.
    }
    if (read(file, text, sizeof text) < 0) {
        err(1, "read %s", name);
    }
    close(file);
}

static struct sockaddr_un address_of(const struct worker *worker) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, worker->name);
    return address;
}

// Has the keeper keep a descriptor, or close what it has under a name (-1).
static void tell_keeper(const struct worker *worker, int descriptor) {
    char text[80];
    struct iovec part = {.iov_base = text};
    part.iov_len = (size_t)snprintf(
        text, sizeof text, "FDSTORE%s=1\nFDNAME=%s", descriptor == -1 ? "REMOVE" : "", worker->number);
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof descriptor)];
    } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof descriptor)}};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor != -1) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.bytes;
    }
    if (sendmsg(keeper, &message, MSG_NOSIGNAL) == -1) {
        err(1, "sendmsg");
    }
}

// Keeps what it is sent, and reads every message. Nobody ever asks for what it has.
static void keep(int socket) {
    while (1) {
        char text[80];
        struct iovec part = {.iov_base = text, .iov_len = sizeof text};
        char control[CMSG_SPACE(sizeof(int))];
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) {
            _exit(0);
        }
    }
}

static void begin_calls(size_t workers) {
    int ends[2];
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/journal", directory);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 || (inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1
        || (journal = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == -1
        || fallocate(journal, 0, 0, (off_t)workers * 4096) != 0
        || (messages = open("/dev/null", O_WRONLY | O_CLOEXEC)) == -1) {
        err(1, "%s", directory);
    }
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        close(ends[0]);
        keep(ends[1]);
    }
    close(ends[1]);
    keeper = ends[0];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, inotify, &event);
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    event.data.ptr = &signals;
    if ((signals = signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK)) == -1
        || epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &event) != 0) {
        err(1, "signalfd");
    }
    // Ignored, so that the worker has something to be freed from.
    signal(SIGPIPE, SIG_IGN);
}

static void prepare(struct worker *worker) {
    look(worker->group, "cgroup.events");
    worker->notifications = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr_un address = address_of(worker);
    if (fchmod(worker->notifications, 0600) != 0
        || bind(worker->notifications, (const struct sockaddr *)&address, sizeof address) != 0) {
        err(1, "%s", address.sun_path);
    }
    tell_keeper(worker, worker->notifications);
}

// In the child.
static inline __attribute__((always_inline)) void settle(struct worker *worker) {
    static const unsigned long standard[4];
    for (int number = 1; number <= 64; number++) {
        syscall(SYS_rt_sigaction, number, standard, NULL, sizeof standard[0]);
    }
    const unsigned long none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    syscall(SYS_fsetxattr, worker->group, "user.leader", "1", 1, 0);
    syscall(SYS_setsid);
    struct rlimit files = {.rlim_cur = 1024, .rlim_max = 1024};
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &files, NULL);
    syscall(SYS_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
    syscall(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    syscall(SYS_capset, &header, data);
    syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_chdir, "/");
}

// Writes down what is known of a worker, as much as Cadre does, and prints a line.
static void write_down(struct worker *worker, size_t size) {
    static char text[4096];
    static off_t end;
    if (pwrite(journal, text, size, end) == -1) {
        err(1, "journal");
    }
    end = (end + (off_t)size) % (1 << 20);
    if (write(messages, worker->name, strlen(worker->name)) == -1) {
        err(1, "messages");
    }
}

static void watch(struct worker *worker) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, worker->notifications, &event);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d/cgroup.events", worker->group);
    worker->watch = inotify_add_watch(inotify, path, IN_MODIFY);
    look(worker->group, "cgroup.events");
    write_down(worker, 1300);
}

static void account(struct worker *worker) {
    char text[4096];
    if (recv(worker->notifications, text, sizeof text, MSG_PEEK | MSG_TRUNC) != -1) {
        errx(1, "a notification");
    }
    look(worker->group, "cgroup.events");
    write_down(worker, 0);
}

static void forget(struct worker *worker) {
    static const char *const files[] = {
        "cpu.stat", "memory.current", "memory.peak", "memory.swap.current", "memory.stat", "memory.events", "pids.current",
        "pids.peak", "pids.events", "io.stat", "cpu.pressure", "memory.pressure", "io.pressure"};
    struct stat status;
    const int has_memory = fstatat(worker->group, "memory.current", &status, 0) == 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (has_memory || strncmp(files[i], "cpu.s", 5) == 0 || strstr(files[i], "pressure") != NULL) {
            look(worker->group, files[i]);
        }
    }
    write_down(worker, 1600);
    epoll_ctl(epoll, EPOLL_CTL_DEL, worker->notifications, NULL);
    inotify_rm_watch(inotify, worker->watch);
    unlink(address_of(worker).sun_path);
    tell_keeper(worker, -1);
    close(worker->notifications);
}

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
    if (directory != NULL) {
        prepare(worker);
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
        if (directory != NULL) {
            settle(worker);
        }
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
    if (directory != NULL) {
        watch(worker);
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
    struct worker old = *worker;
    if (directory != NULL) {
        account(worker);
    }
    if (!stopping) {
        start(worker);
    }
    if (directory != NULL) {
        forget(&old);
    }
    close(old.pidfd);
    close(old.group);
    if (unlinkat(root, old.name, AT_REMOVEDIR) != 0) {
        err(1, "rmdir %s", old.name);
    }
}

// Asks all workers to end.
static void stop(struct worker *table, size_t workers) {
    struct signalfd_siginfo information;
    if (read(signals, &information, sizeof information) != sizeof information) {
        return;
    }
    stopping = 1;
    for (size_t i = 0; i < workers; i++) {
        if (syscall(SYS_pidfd_send_signal, table[i].pidfd, SIGTERM, NULL, 0) != 0) {
            err(1, "pidfd_send_signal");
        }
    }
}

int main(int count, char **arguments) {
    if (count != 5 && count != 6) {
        errx(2, "usage: limit CGROUP COUNT PROGRAM FIFO [DIRECTORY]");
    }
    root = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root == -1) {
        err(1, "open %s", arguments[1]);
    }
    const size_t workers = strtoul(arguments[2], NULL, 10);
    program = arguments[3];
    fifo = arguments[4];
    directory = arguments[5];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct worker *table = calloc(workers, sizeof *table);
    if (directory != NULL) {
        begin_calls(workers);
    }
    for (size_t i = 0; i < workers; i++) {
        snprintf(table[i].number, sizeof table[i].number, "%zu", i);
        start(&table[i]);
    }
    size_t left = workers;
    while (left > 0) {
        struct epoll_event events[64];
        const int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == &signals) {
                stop(table, workers);
            } else if (events[i].data.ptr != NULL) {
                replace(events[i].data.ptr);
                left -= (size_t)stopping;
            } else {
                char changes[4096];
                while (read(inotify, changes, sizeof changes) > 0) {
                }
            }
        }
    }
}
