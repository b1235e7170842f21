// Kills a process at an instant that can be told exactly: after so many system calls; and who keeps a record of that.

#include "trace.h"

#include <fcntl.h>
#include <sys/syscall.h>

static pid_t process;
static long calls, last;
static volatile sig_atomic_t has_killed;
// Whether the call counts that is under way: of the thread, and of what it has started.
static bool counts[2];

static void say(const char *format, long value) {
    char text[64];
    const int size = snprintf(text, sizeof text, format, value);
    if (write(1, text, (size_t)size) != size) {
        _exit(70);
    }
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

static int begins(const struct traced_call *call) {
    counts[call->is_child] = has_effect(call->number, call->arguments);
    return 0;
}

static bool has_ended(bool is_child) {
    if (!counts[is_child] || ++calls != last) {
        return true;
    }
    has_killed = 1;
    kill(process, SIGKILL);
    return false;
}

static void is_over(bool is_gone) {
    if (is_gone) {
        say(has_killed ? "killed after %ld\n" : "gone after %ld\n", calls);
    } else if (has_killed) {
        // Its end is yet to be seen.
        return;
    } else {
        say("calls %ld\n", calls);
    }
    _exit(0);
}

void behave_kill_after(char **arguments) {
    process = (pid_t)number(arguments[0]);
    last = (long)number(arguments[2]);
    static const struct tracer tracer = {begins, has_ended, is_over};
    trace(arguments[0], arguments[1], &tracer);
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
