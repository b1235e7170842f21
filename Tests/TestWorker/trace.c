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

void trace(const char *process, const char *name, const struct tracer *tracer) {
    present = tracer;
    const pid_t thread = find_thread(process, name);
    struct sigaction action = {.sa_handler = stop_tracing};
    sigaction(SIGTERM, &action, NULL);
    // What it starts belongs to it until it is another program.
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SEIZE, thread, NULL, options) == -1 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == -1) {
        fail("ptrace");
    }
    bool is_watching = false, is_killed = false;
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
            if (stopped == thread) {
                tracer->is_over(true);
            }
            continue;
        }
        const int signal = WSTOPSIG(status);
        const int event = status >> 16;
        if (stopped != thread && (is_killed || event == PTRACE_EVENT_EXEC)) {
            ptrace(PTRACE_DETACH, stopped, NULL, 0);
            continue;
        }
        if (signal == (SIGTRAP | 0x80) && !look_at_call(stopped, stopped != thread)) {
            is_killed = true;
            if (stopped != thread) {
                ptrace(PTRACE_DETACH, stopped, NULL, 0);
            }
            continue;
        }
        const bool is_signal = event == 0 && signal != (SIGTRAP | 0x80);
        ptrace(PTRACE_SYSCALL, stopped, NULL, is_signal ? signal : 0);
        if (!is_watching) {
            is_watching = true;
            static const char text[] = "watching\n";
            if (write(1, text, sizeof text - 1) < 0) {
                _exit(70);
            }
        }
    }
}
