#include "trace.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

// Of elf.h, which has names of its own for what is here already.
enum { nt_prstatus = 1, nt_arm_system_call = 0x404 };

static const struct tracer *present;
// Whether a call is under way that must not be left as it is.
static volatile sig_atomic_t is_altering;

static void stop_tracing(int signal) {
    (void)signal;
    if (!is_altering) {
        present->is_over(false);
    }
}

static bool has_name(pid_t thread, const char *name) {
    char path[64], found[64] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", thread);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1) {
        return false;
    }
    const ssize_t size = read(file, found, sizeof found - 1);
    close(file);
    return size > 0 && strncmp(found, name, strlen(name)) == 0 && found[strlen(name)] == '\n';
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
        const pid_t candidate = (pid_t)number(entry->d_name);
        if (has_name(candidate, name)) {
            thread = candidate;
        }
    }
    closedir(directory);
    if (thread == 0) {
        errno = ESRCH;
        fail(name);
    }
    return thread;
}

bool has_effect_if_it_fails(uint64_t call) {
    // The descriptor is closed whatever close(2) says on Linux.
    return call == SYS_close;
}

// The kernel makes no call of a number that there isn't, and has ENOSYS for its result until we replace that.
static void prevent_call(pid_t thread) {
#if defined(__x86_64__)
    const long result = ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, orig_rax), -1L);
#else
    int none = -1;
    struct iovec part = {.iov_base = &none, .iov_len = sizeof none};
    const long result = ptrace(PTRACE_SETREGSET, thread, nt_arm_system_call, &part);
#endif
    if (result == -1) {
        fail("ptrace, to prevent a call");
    }
}

static void replace_result(pid_t thread, long value) {
#if defined(__x86_64__)
    const long result = ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, rax), value);
#else
    struct user_regs_struct registers;
    struct iovec part = {.iov_base = &registers, .iov_len = sizeof registers};
    long result = ptrace(PTRACE_GETREGSET, thread, nt_prstatus, &part);
    registers.regs[0] = (unsigned long)value;
    if (result != -1) {
        result = ptrace(PTRACE_SETREGSET, thread, nt_prstatus, &part);
    }
#endif
    if (result == -1) {
        fail("ptrace, to replace a result");
    }
}

// Looks at the beginning or the end of a call; false if its thread is not to go on.
static bool look_at_call(pid_t thread, bool is_child) {
    // Of the thread, and of the one process that it may have started.
    static int errors[2];
    struct __ptrace_syscall_info information;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof information, &information) <= 0) {
        return true;
    }
    if (information.op == PTRACE_SYSCALL_INFO_ENTRY) {
        uint64_t arguments[6];
        memcpy(arguments, information.entry.args, sizeof arguments);
        const struct traced_call call = {thread, is_child, information.entry.nr, arguments};
        errors[is_child] = present->begins(&call);
        if (errors[is_child] != 0) {
            is_altering = 1;
            if (!has_effect_if_it_fails(call.number)) {
                prevent_call(thread);
            }
        }
        return true;
    }
    if (information.op != PTRACE_SYSCALL_INFO_EXIT) {
        return true;
    }
    if (errors[is_child] != 0) {
        replace_result(thread, -errors[is_child]);
        errors[is_child] = 0;
        is_altering = 0;
    }
    return present->has_ended(is_child);
}

static bool is_thread_of(pid_t process, pid_t thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d", process, thread);
    return access(path, F_OK) == 0;
}

static void seize(pid_t thread, long options) {
    struct sigaction action = {.sa_handler = stop_tracing};
    sigaction(SIGTERM, &action, NULL);
    if (ptrace(PTRACE_SEIZE, thread, NULL, options) == -1 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == -1) {
        fail("ptrace");
    }
}

// Waits until something that is traced stops, and returns it. If it ends instead, that is over if it is this thread.
static pid_t wait_for_stop(pid_t thread, int *status) {
    for (;;) {
        const pid_t stopped = waitpid(-1, status, __WALL);
        if (stopped == -1 && errno != EINTR) {
            fail("waitpid");
        }
        if (stopped != -1 && WIFSTOPPED(*status)) {
            return stopped;
        }
        if (stopped != -1 && stopped == thread) {
            present->is_over(true);
        }
    }
}

static bool is_call(int status) {
    return WSTOPSIG(status) == (SIGTRAP | 0x80);
}

static void resume(pid_t thread, int status, bool stops_at_calls) {
    const bool is_signal = status >> 16 == 0 && !is_call(status);
    ptrace(stops_at_calls ? PTRACE_SYSCALL : PTRACE_CONT, thread, NULL, is_signal ? WSTOPSIG(status) : 0);
}

static void say_watching(void) {
    static const char text[] = "watching\n";
    if (write(1, text, sizeof text - 1) < 0) {
        _exit(70);
    }
}

// Follows a thread, which has stopped with that status, and what it starts, which belongs to it until it is another program.
static _Noreturn void follow(pid_t thread, int status) {
    bool is_killed = false;
    pid_t stopped = thread;
    for (;;) {
        // Of a thread that was traced on the way to this one nothing is to be known any more.
        const bool is_other = stopped != thread && is_thread_of(thread, stopped);
        if (is_other || (stopped != thread && (is_killed || status >> 16 == PTRACE_EVENT_EXEC))) {
            ptrace(PTRACE_DETACH, stopped, NULL, 0);
        } else if (is_call(status) && !look_at_call(stopped, stopped != thread)) {
            is_killed = true;
            if (stopped != thread) {
                ptrace(PTRACE_DETACH, stopped, NULL, 0);
            }
        } else {
            resume(stopped, status, true);
        }
        stopped = wait_for_stop(thread, &status);
    }
}

void trace(const char *process, const char *name, const struct tracer *tracer) {
    present = tracer;
    const pid_t thread = find_thread(process, name);
    seize(thread, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC);
    int status;
    wait_for_stop(thread, &status);
    resume(thread, status, true);
    say_watching();
    wait_for_stop(thread, &status);
    follow(thread, status);
}

void trace_next(const char *process, const char *name, const struct tracer *tracer) {
    present = tracer;
    const pid_t parent = (pid_t)number(process);
    const long starts = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    seize(parent, PTRACE_O_TRACESYSGOOD | starts | PTRACE_O_TRACEEXEC);
    int status;
    wait_for_stop(0, &status);
    resume(parent, status, false);
    say_watching();
    for (;;) {
        const pid_t stopped = wait_for_stop(0, &status);
        if (!is_thread_of(parent, stopped) && has_name(stopped, name)) {
            follow(stopped, status);
        }
        resume(stopped, status, !is_thread_of(parent, stopped));
    }
}
