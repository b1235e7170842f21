// Kills a process at an instant that can be told exactly: after so many system calls. See ptrace(2).

#include "worker.h"

#include <dirent.h>
#include <limits.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static long calls;
static volatile sig_atomic_t has_killed;

static void say(const char *format, long value) {
    char text[64];
    const int size = snprintf(text, sizeof text, format, value);
    if (write(1, text, (size_t)size) != size) {
        _exit(70);
    }
}

// What is traced goes on when its tracer ends.
static void stop_counting(int signal) {
    (void)signal;
    if (!has_killed) {
        say("calls %ld\n", calls);
        _exit(0);
    }
}

// The thread of that name, of a process.
static pid_t find_thread(const char *process, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%s/task", process);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        fail(path);
    }
    pid_t thread = 0;
    for (struct dirent *entry; thread == 0 && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char found[64] = "";
        snprintf(path, sizeof path, "/proc/%s/task/%s/comm", process, entry->d_name);
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file == -1) {
            continue;
        }
        const ssize_t size = read(file, found, sizeof found - 1);
        close(file);
        if (size > 0 && strncmp(found, name, strlen(name)) == 0 && found[strlen(name)] == '\n') {
            thread = (pid_t)number(entry->d_name);
        }
    }
    closedir(directory);
    if (thread == 0) {
        errno = ESRCH;
        fail(name);
    }
    return thread;
}

// Whether anybody else may see that a process was killed after a call and not before it. What only reads, or changes
// nothing but the process itself, is not worth a kill of its own.
static bool has_effect(uint64_t call, const uint64_t *arguments) {
    static const long harmless[] = {
        SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex,
        SYS_epoll_pwait, SYS_epoll_ctl, SYS_timerfd_settime, SYS_fstat, SYS_newfstatat, SYS_fstatfs, SYS_lseek, SYS_read,
        SYS_pread64, SYS_getdents64, SYS_fgetxattr, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_pidfd_open,
        SYS_getpid, SYS_gettid, SYS_getrandom, SYS_fcntl, SYS_clock_gettime, SYS_sched_yield, SYS_prctl,
#ifdef __x86_64__
        SYS_epoll_wait, SYS_poll, SYS_readlink, SYS_access, SYS_stat,
#else
        SYS_ppoll, SYS_readlinkat, SYS_faccessat,
#endif
    };
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (call == (uint64_t)harmless[i]) {
            return false;
        }
    }
    return call != SYS_openat || (arguments[2] & O_CREAT) != 0;
}

// Whether a call ends here that counts.
static bool is_end_of_call(pid_t thread, bool *counts) {
    struct __ptrace_syscall_info information;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof information, &information) <= 0) {
        return false;
    }
    if (information.op == PTRACE_SYSCALL_INFO_ENTRY) {
        *counts = has_effect(information.entry.nr, information.entry.args);
        return false;
    }
    return information.op == PTRACE_SYSCALL_INFO_EXIT && *counts;
}

void behave_kill_after(char **arguments) {
    const pid_t process = (pid_t)number(arguments[0]);
    const long last = (long)number(arguments[2]);
    const pid_t thread = find_thread(arguments[0], arguments[1]);
    struct sigaction action = {.sa_handler = stop_counting};
    sigaction(SIGTERM, &action, NULL);
    // What it starts belongs to it until it is another program.
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SEIZE, thread, NULL, options) == -1 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == -1) {
        fail("ptrace");
    }
    bool is_watching = false;
    // Of the thread, and of the one process that it may have started.
    bool counts[2] = {false, false};
    for (;;) {
        int status;
        const pid_t stopped = waitpid(-1, &status, __WALL);
        if (stopped == -1) {
            if (errno == EINTR) {
                continue;
            }
            fail("waitpid");
        }
        if (!WIFSTOPPED(status)) {
            if (stopped != thread) {
                continue;
            }
            say(has_killed ? "killed after %ld\n" : "gone after %ld\n", calls);
            _exit(0);
        }
        const int signal = WSTOPSIG(status);
        const int event = status >> 16;
        if (stopped != thread && (has_killed || event == PTRACE_EVENT_EXEC)) {
            ptrace(PTRACE_DETACH, stopped, NULL, 0);
            continue;
        }
        if (signal == (SIGTRAP | 0x80) && is_end_of_call(stopped, &counts[stopped != thread]) && ++calls == last) {
            has_killed = 1;
            kill(process, SIGKILL);
            if (stopped != thread) {
                ptrace(PTRACE_DETACH, stopped, NULL, 0);
            }
            continue;
        }
        const bool is_signal = event == 0 && signal != (SIGTRAP | 0x80);
        ptrace(PTRACE_SYSCALL, stopped, NULL, is_signal ? signal : 0);
        if (!is_watching) {
            is_watching = true;
            say("watching\n", 0);
        }
    }
}

void behave_note(char **arguments) {
    const int file = open(arguments[0], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file == -1) {
        fail(arguments[0]);
    }
    const char *worker = getenv("CADRE_WORKER");
    const char *incarnation = getenv("CADRE_INCARNATION");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    dprintf(file, "start %s %s %d\n", worker, incarnation, getpid());
    notify("READY=1");
    int received;
    sigwait(&set, &received);
    dprintf(file, "end %s %s %d\n", worker, incarnation, getpid());
    exit(0);
}
