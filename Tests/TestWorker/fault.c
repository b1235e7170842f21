// Has a system call of a process fail that would not have failed, and says which calls there are to fail.
//
// A kind of calls is a name and, if there is one, the object: "write cgroup.kill", "epoll_ctl-add pidfd", and with "child "
// before it what is called between clone and exec. Of paths it is the last part, with "#" for numbers.

#include "trace.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum object { NOTHING, DESCRIPTOR, PATH };

struct call {
    long number;
    const char *name;
    // What it is done to, and which argument that is.
    enum object object;
    int argument;
};

static const struct call known[] = {
    {SYS_accept4, "accept4", DESCRIPTOR, 0},
    {SYS_bind, "bind", NOTHING, 0},
    {SYS_brk, "brk", NOTHING, 0},
    {SYS_capget, "capget", NOTHING, 0},
    {SYS_capset, "capset", NOTHING, 0},
    {SYS_chdir, "chdir", PATH, 0},
    {SYS_clock_gettime, "clock_gettime", NOTHING, 0},
    {SYS_clone, "clone", NOTHING, 0},
    {SYS_clone3, "clone3", NOTHING, 0},
    {SYS_close, "close", DESCRIPTOR, 0},
    {SYS_close_range, "close_range", NOTHING, 0},
    {SYS_connect, "connect", DESCRIPTOR, 0},
    {SYS_dup, "dup", DESCRIPTOR, 0},
    {SYS_dup3, "dup3", DESCRIPTOR, 0},
    {SYS_epoll_create1, "epoll_create1", NOTHING, 0},
    {SYS_epoll_ctl, "epoll_ctl", DESCRIPTOR, 2},
    {SYS_epoll_pwait, "epoll_pwait", NOTHING, 0},
    {SYS_eventfd2, "eventfd2", NOTHING, 0},
    {SYS_execve, "execve", PATH, 0},
    {SYS_exit, "exit", NOTHING, 0},
    {SYS_exit_group, "exit_group", NOTHING, 0},
    {SYS_faccessat, "faccessat", PATH, 1},
    {SYS_fallocate, "fallocate", DESCRIPTOR, 0},
    {SYS_fchmod, "fchmod", DESCRIPTOR, 0},
    {SYS_fchown, "fchown", DESCRIPTOR, 0},
    {SYS_fcntl, "fcntl", DESCRIPTOR, 0},
    {SYS_fgetxattr, "fgetxattr", PATH, 1},
    {SYS_flock, "flock", DESCRIPTOR, 0},
    {SYS_fremovexattr, "fremovexattr", PATH, 1},
    {SYS_fsetxattr, "fsetxattr", PATH, 1},
    {SYS_fstat, "fstat", DESCRIPTOR, 0},
    {SYS_fstatfs, "fstatfs", DESCRIPTOR, 0},
    {SYS_futex, "futex", NOTHING, 0},
    {SYS_getdents64, "getdents64", DESCRIPTOR, 0},
    {SYS_getegid, "getegid", NOTHING, 0},
    {SYS_geteuid, "geteuid", NOTHING, 0},
    {SYS_getpid, "getpid", NOTHING, 0},
    {SYS_getppid, "getppid", NOTHING, 0},
    {SYS_getrandom, "getrandom", NOTHING, 0},
    {SYS_getsockname, "getsockname", DESCRIPTOR, 0},
    {SYS_getsockopt, "getsockopt", DESCRIPTOR, 0},
    {SYS_gettid, "gettid", NOTHING, 0},
    {SYS_inotify_add_watch, "inotify_add_watch", PATH, 1},
    {SYS_inotify_init1, "inotify_init1", NOTHING, 0},
    {SYS_inotify_rm_watch, "inotify_rm_watch", NOTHING, 0},
    {SYS_ioctl, "ioctl", DESCRIPTOR, 0},
    {SYS_kcmp, "kcmp", NOTHING, 0},
    {SYS_listen, "listen", DESCRIPTOR, 0},
    {SYS_lseek, "lseek", DESCRIPTOR, 0},
    {SYS_madvise, "madvise", NOTHING, 0},
    {SYS_memfd_create, "memfd_create", NOTHING, 0},
    {SYS_mkdirat, "mkdirat", PATH, 1},
    {SYS_mmap, "mmap", NOTHING, 0},
    {SYS_mprotect, "mprotect", NOTHING, 0},
    {SYS_munmap, "munmap", NOTHING, 0},
    {SYS_newfstatat, "newfstatat", PATH, 1},
    {SYS_openat, "openat", PATH, 1},
    {SYS_pidfd_open, "pidfd_open", NOTHING, 0},
    {SYS_pidfd_send_signal, "pidfd_send_signal", NOTHING, 0},
    {SYS_pipe2, "pipe2", NOTHING, 0},
    {SYS_prctl, "prctl", NOTHING, 0},
    {SYS_pread64, "pread64", DESCRIPTOR, 0},
    {SYS_prlimit64, "prlimit64", NOTHING, 0},
    {SYS_pwrite64, "pwrite64", DESCRIPTOR, 0},
    {SYS_read, "read", DESCRIPTOR, 0},
    {SYS_readlinkat, "readlinkat", PATH, 1},
    {SYS_recvfrom, "recvfrom", DESCRIPTOR, 0},
    {SYS_recvmsg, "recvmsg", DESCRIPTOR, 0},
    {SYS_renameat2, "renameat2", PATH, 1},
    {SYS_rt_sigaction, "rt_sigaction", NOTHING, 0},
    {SYS_rt_sigprocmask, "rt_sigprocmask", NOTHING, 0},
    {SYS_sched_getaffinity, "sched_getaffinity", NOTHING, 0},
    {SYS_sched_yield, "sched_yield", NOTHING, 0},
    {SYS_sendmsg, "sendmsg", DESCRIPTOR, 0},
    {SYS_sendto, "sendto", DESCRIPTOR, 0},
    {SYS_set_robust_list, "set_robust_list", NOTHING, 0},
    {SYS_setsid, "setsid", NOTHING, 0},
    {SYS_setsockopt, "setsockopt", DESCRIPTOR, 0},
    {SYS_shutdown, "shutdown", DESCRIPTOR, 0},
    {SYS_signalfd4, "signalfd4", NOTHING, 0},
    {SYS_socket, "socket", NOTHING, 0},
    {SYS_statfs, "statfs", PATH, 0},
    {SYS_tgkill, "tgkill", NOTHING, 0},
    {SYS_timerfd_create, "timerfd_create", NOTHING, 0},
    {SYS_timerfd_settime, "timerfd_settime", NOTHING, 0},
    {SYS_umask, "umask", NOTHING, 0},
    {SYS_unlinkat, "unlinkat", PATH, 1},
    {SYS_waitid, "waitid", NOTHING, 0},
    {SYS_write, "write", DESCRIPTOR, 0},
    {SYS_writev, "writev", DESCRIPTOR, 0},
#ifdef __x86_64__
    {SYS_access, "access", PATH, 0},
    {SYS_chmod, "chmod", PATH, 0},
    {SYS_chown, "chown", PATH, 0},
    {SYS_dup2, "dup2", DESCRIPTOR, 0},
    {SYS_epoll_wait, "epoll_wait", NOTHING, 0},
    {SYS_mkdir, "mkdir", PATH, 0},
    {SYS_poll, "poll", NOTHING, 0},
    {SYS_readlink, "readlink", PATH, 0},
    {SYS_rename, "rename", PATH, 0},
    {SYS_rmdir, "rmdir", PATH, 0},
    {SYS_stat, "stat", PATH, 0},
    {SYS_unlink, "unlink", PATH, 0},
#else
    {SYS_fchmodat, "chmod", PATH, 1},
    {SYS_fchownat, "chown", PATH, 1},
    {SYS_ppoll, "poll", NOTHING, 0},
    {SYS_renameat, "rename", PATH, 1},
#endif
};

static const char *variant(const struct traced_call *call) {
    switch (call->number) {
    case SYS_epoll_ctl:
        return call->arguments[1] == EPOLL_CTL_ADD ? "-add" : call->arguments[1] == EPOLL_CTL_MOD ? "-modify" : "-delete";
    case SYS_fcntl:
        return call->arguments[1] == F_DUPFD_CLOEXEC ? "-duplicate" : "";
    case SYS_openat:
        return (call->arguments[2] & O_CREAT) != 0             ? "-create"
               : (call->arguments[2] & O_ACCMODE) != O_RDONLY ? "-write"
                                                              : "";
    case SYS_recvfrom:
        return (call->arguments[3] & MSG_PEEK) != 0 ? "-peek" : "";
    case SYS_unlinkat:
        return (call->arguments[2] & AT_REMOVEDIR) != 0 ? "-directory" : "";
    case SYS_waitid:
        return (call->arguments[3] & WNOWAIT) != 0 ? "-peek" : "";
    default:
        return "";
    }
}

// The last part of a path, with "#" for numbers; of what the kernel calls "anon_inode:[eventpoll]" and "socket:[123]" the word.
static void shorten(char *path) {
    const char *start = path;
    if (strncmp(path, "anon_inode:", 11) == 0) {
        start += 11;
    } else {
        for (const char *place = path; *place != '\0'; place++) {
            if (*place == '/' && place[1] != '\0') {
                start = place + 1;
            }
        }
    }
    char *end = path;
    while (*start != '\0') {
        if (*start >= '0' && *start <= '9') {
            while (*start >= '0' && *start <= '9') {
                start++;
            }
            *end++ = '#';
        } else if (*start == '[' || *start == ']' || *start == ':') {
            start++;
        } else {
            *end++ = *start++;
        }
    }
    // The number of an inode.
    if (end > path + 1 && end[-1] == '#' && strncmp(path, "socket", 6) * strncmp(path, "pipe", 4) * strncmp(path, "pidfd", 5) == 0) {
        end--;
    }
    *end = '\0';
}

static void read_path(pid_t thread, uint64_t address, char *path, size_t size) {
    // A page at most, as the next one need not be there.
    const size_t rest = 4096 - address % 4096;
    struct iovec here = {.iov_base = path, .iov_len = size - 1 < rest ? size - 1 : rest};
    struct iovec there = {.iov_base = (void *)address, .iov_len = here.iov_len};
    const ssize_t count = process_vm_readv(thread, &here, 1, &there, 1, 0);
    path[count < 0 ? 0 : count] = '\0';
}

static void read_descriptor(pid_t thread, uint64_t descriptor, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)descriptor);
    const ssize_t count = readlink(link, path, size - 1);
    path[count < 0 ? 0 : count] = '\0';
}

static void describe(const struct traced_call *call, char *kind, size_t size) {
    const char *who = call->is_child ? "child " : "";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if ((uint64_t)known[i].number != call->number) {
            continue;
        }
        char object[PATH_MAX] = "";
        if (known[i].object == DESCRIPTOR) {
            read_descriptor(call->thread, call->arguments[known[i].argument], object, sizeof object);
        } else if (known[i].object == PATH) {
            read_path(call->thread, call->arguments[known[i].argument], object, sizeof object);
        }
        shorten(object);
        snprintf(kind, size, "%s%s%s%s%.60s", who, known[i].name, variant(call), object[0] == '\0' ? "" : " ", object);
        return;
    }
    snprintf(kind, size, "%snumber-%llu", who, (unsigned long long)call->number);
}

enum { longest_kind = 128, most_kinds = 1024 };

static char kinds[most_kinds][longest_kind];
static long counts[most_kinds];
static volatile int kind_count;

static int note(const struct traced_call *call) {
    char kind[longest_kind];
    describe(call, kind, sizeof kind);
    int i = 0;
    while (i < kind_count && strcmp(kinds[i], kind) != 0) {
        i++;
    }
    if (i == kind_count && i < most_kinds) {
        strcpy(kinds[i], kind);
        kind_count++;
    }
    if (i < most_kinds) {
        counts[i]++;
    }
    return 0;
}

static bool go_on(bool is_child) {
    (void)is_child;
    return true;
}

static void print_kinds(bool is_gone) {
    (void)is_gone;
    for (int i = 0; i < kind_count; i++) {
        char text[longest_kind + 32];
        const int size = snprintf(text, sizeof text, "%ld %s\n", counts[i], kinds[i]);
        if (write(1, text, (size_t)size) != size) {
            _exit(70);
        }
    }
    _exit(0);
}

static const struct tracer lister = {note, go_on, print_kinds};

void behave_list_calls(char **arguments) {
    trace(arguments[0], arguments[1], &lister);
}

void behave_list_calls_of_next(char **arguments) {
    trace_next(arguments[0], arguments[1], &lister);
}

static const char *failing_kind;
static long left;
static int error;
static bool is_failing[2];

static int fail_one(const struct traced_call *call) {
    if (left == 0) {
        return 0;
    }
    char kind[longest_kind];
    describe(call, kind, sizeof kind);
    if (strcmp(kind, failing_kind) != 0 || --left != 0) {
        return 0;
    }
    is_failing[call->is_child] = true;
    return error;
}

static bool has_failed_one(bool is_child) {
    if (is_failing[is_child]) {
        // What was traced goes on without us.
        static const char text[] = "failed\n";
        _exit(write(1, text, sizeof text - 1) < 0 ? 70 : 0);
    }
    return true;
}

static void has_failed_none(bool is_gone) {
    static const char gone[] = "gone\n", other[] = "not reached\n";
    const ssize_t size = is_gone ? write(1, gone, sizeof gone - 1) : write(1, other, sizeof other - 1);
    _exit(size < 0 ? 70 : 0);
}

static const struct tracer *failer(char **arguments) {
    static const struct tracer tracer = {fail_one, has_failed_one, has_failed_none};
    failing_kind = arguments[2];
    left = (long)number(arguments[3]);
    error = (int)number(arguments[4]);
    return &tracer;
}

void behave_fail_call(char **arguments) {
    trace(arguments[0], arguments[1], failer(arguments));
}

void behave_fail_call_of_next(char **arguments) {
    trace_next(arguments[0], arguments[1], failer(arguments));
}
