// Spawning. See clone(2), and vfork(2) for what sharing memory with the parent means.
//
// The child borrows the parent's memory until it executes its program, and the parent's thread stands still for that
// long (CLONE_VFORK). So nothing is copied however large the parent is, and the child tells of a failure by writing to
// the caller's struct: no other thread knows of it, and the parent reads it only after the child is done with it.
// It also means that the child must leave the parent's memory alone otherwise: it takes no lock, allocates nothing
// and calls only thin wrappers of system calls. errno is the suspended thread's own, hence free to use.
//
// A limit of memory on the child's cgroup can't turn against the parent whose memory it shares: the kernel's
// out-of-memory killer passes over a task in vfork (in_vfork(), mm/oom_kill.c), and the child's exec fails instead.

#define _GNU_SOURCE

#include "CLinux.h"

#include <linux/close_range.h>
#include <linux/sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "spawn.h"

// Enough for the functions below and for the dynamic linker, which resolves symbols on the stack of whoever calls them.
enum { stack_size = 32 * 1024 };

// clone3(2), and `child(spawn)` in the child, which must not return.
//
// In assembly, as both processes come back from the call with the same memory and different stacks: not one
// instruction that the compiler might put there may run in the child before it is in a function of its own.
static long clone_into(struct clone_args *arguments, void (*child)(struct cadre_spawn *), struct cadre_spawn *spawn) {
#if defined(__x86_64__)
    // A system call spoils rax, rcx and r11 only.
    long result = SYS_clone3;
    register void (*child_register)(struct cadre_spawn *) __asm__("r8") = child;
    register struct cadre_spawn *spawn_register __asm__("r9") = spawn;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"  // The outermost frame.
                     "mov %%r9, %%rdi\n\t"
                     "call *%%r8\n\t"
                     "ud2\n"
                     "1:"
                     : "+a"(result)
                     : "D"(arguments), "S"(sizeof *arguments), "r"(child_register), "r"(spawn_register)
                     : "rcx", "r11", "cc", "memory");
    return result;
#elif defined(__aarch64__)
    // A system call spoils x0 only.
    register long call __asm__("x8") = SYS_clone3;
    register long result __asm__("x0") = (long)arguments;
    register size_t size __asm__("x1") = sizeof *arguments;
    register void (*child_register)(struct cadre_spawn *) __asm__("x9") = child;
    register struct cadre_spawn *spawn_register __asm__("x10") = spawn;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"  // The outermost frame.
                     "mov x0, x10\n\t"
                     "blr x9\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(result)
                     : "r"(call), "r"(size), "r"(child_register), "r"(spawn_register)
                     : "cc", "memory");
    return result;
#else
#error "Cadre runs on x86-64 and on 64-bit ARM."
#endif
}

// From here on it is the child, of which sanitizers, in builds that have one, are to know nothing: it is on a stack that
// they don't know to be one, and what it calls without coming back from there would count as the parent's calls.
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)

_Noreturn static void fail(struct cadre_spawn *spawn, enum cadre_spawn_step step, size_t index) {
    spawn->error = errno;
    spawn->failed_index = index;
    spawn->failed_step = step;
    // By the system call, as what a sanitizer does at _exit() it would do to the parent.
    syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

// Every signal's default action. CLONE_CLEAR_SIGHAND did so for those with a handler, and this does it for those that the
// parent ignores (SIGPIPE, say), which would stay ignored through exec. The mask comes last: no handler can run any more.
static void reset_signals(struct cadre_spawn *spawn) {
    // By the system call, as the C library's function refuses the two signals that the library keeps for itself. All
    // zero is the kernel's struct sigaction (handler, flags, restorer, mask) for SIG_DFL.
    static const unsigned long standard[4];
    for (int signal = 1; signal <= 64; signal++) {
        // EINVAL: SIGKILL and SIGSTOP.
        if (syscall(SYS_rt_sigaction, signal, standard, NULL, sizeof standard[0]) != 0 && errno != EINVAL) {
            fail(spawn, CADRE_SPAWN_SIGNALS, (size_t)signal);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, spawn->blocked_signals != NULL ? spawn->blocked_signals : &none, NULL) != 0) {
        fail(spawn, CADRE_SPAWN_SIGNALS, 0);
    }
}

// Gives the child a table of descriptors of its own, without those behind the last one that it needs. Until here it
// shared the parent's (CLONE_FILES): a copy of thousands of descriptors, only to close them, would cost more than all
// the rest of a spawn.
static void unshare_descriptors(struct cadre_spawn *spawn) {
    int end = spawn->descriptor_count;
    for (int i = 0; i < spawn->descriptor_count; i++) {
        if (spawn->descriptors[i] >= end) {
            end = spawn->descriptors[i] + 1;
        }
    }
    if (syscall(SYS_close_range, end, ~0U, CLOSE_RANGE_UNSHARE) != 0) {
        fail(spawn, CADRE_SPAWN_DESCRIPTORS, (size_t)spawn->descriptor_count);
    }
}

// Puts descriptors[i] at i and closes all others. What lies in the range of the targets without being in its place
// is first moved out of it, so that no target can overwrite a source that is still needed.
static void place_descriptors(struct cadre_spawn *spawn) {
    const int count = spawn->descriptor_count;
    unshare_descriptors(spawn);
    for (int i = 0; i < count; i++) {
        if (spawn->descriptors[i] < count && spawn->descriptors[i] != i) {
            spawn->descriptors[i] = fcntl(spawn->descriptors[i], F_DUPFD_CLOEXEC, count);
            if (spawn->descriptors[i] == -1) {
                fail(spawn, CADRE_SPAWN_DESCRIPTORS, (size_t)i);
            }
        }
    }
    for (int i = 0; i < count; i++) {
        int result;
        do {
            result = spawn->descriptors[i] == i ? fcntl(i, F_SETFD, 0) : dup2(spawn->descriptors[i], i);
        } while (result == -1 && (errno == EINTR || errno == EBUSY));
        if (result == -1) {
            fail(spawn, CADRE_SPAWN_DESCRIPTORS, (size_t)i);
        }
    }
    if (syscall(SYS_close_range, count, ~0U, 0) != 0) {
        fail(spawn, CADRE_SPAWN_DESCRIPTORS, (size_t)count);
    }
}

static void apply_scheduling(struct cadre_spawn *spawn) {
    spawn->failed_scheduling = cadre_apply_scheduling(&spawn->scheduling);
    if (spawn->failed_scheduling != CADRE_SCHEDULING_DONE) {
        fail(spawn, CADRE_SPAWN_SCHEDULING, 0);
    }
}

static void apply_privileges(struct cadre_spawn *spawn) {
    size_t index;
    spawn->failed_privilege = cadre_apply_privileges(&spawn->privileges, &index);
    if (spawn->failed_privilege != CADRE_PRIVILEGES_DONE) {
        fail(spawn, CADRE_SPAWN_PRIVILEGES, index);
    }
}

// Without leading zeros, which would make sd_listen_fds(3) read the number as octal.
static void write_pid(char *text) {
    char digits[10];
    int count = 0;
    for (pid_t rest = getpid(); rest > 0; rest /= 10) {
        digits[count++] = (char)('0' + rest % 10);
    }
    while (count > 0) {
        *text++ = digits[--count];
    }
    *text = '\0';
}

// Tries the candidates in turn, as execvp(3) does: what is not there is passed over, what is forbidden is remembered.
_Noreturn static void execute(struct cadre_spawn *spawn) {
    int error = ENOENT;
    size_t index = 0;
    for (size_t i = 0; spawn->candidates[i] != NULL; i++) {
        execve(spawn->candidates[i], spawn->arguments, spawn->environment);
        if (errno == EACCES && error != EACCES) {
            error = EACCES;
            index = i;
        } else if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) {
            fail(spawn, CADRE_SPAWN_EXEC, i);
        }
    }
    errno = error;
    fail(spawn, CADRE_SPAWN_EXEC, index);
}

// Where that isn't possible the cgroup has no such attribute, which is no reason not to run.
static void record_leader(struct cadre_spawn *spawn) {
    char text[11];
    write_pid(text);
    fsetxattr(spawn->control_group, spawn->leader_attribute, text, strlen(text), 0);
}

_Noreturn static void run_child(struct cadre_spawn *spawn) {
    reset_signals(spawn);
    if (spawn->leader_attribute != NULL && spawn->control_group >= 0) {
        record_leader(spawn);
    }
    if (spawn->parent_death_signal != 0) {
        prctl(PR_SET_PDEATHSIG, spawn->parent_death_signal, 0, 0, 0);
    }
    // So that a terminal's Ctrl-C and hang-up reach the supervisor alone, which then stops its workers in order.
    if (setsid() == -1) {
        fail(spawn, CADRE_SPAWN_SESSION, 0);
    }
    place_descriptors(spawn);
    apply_scheduling(spawn);
    for (size_t i = 0; i < spawn->limit_count; i++) {
        if (setrlimit((__rlimit_resource_t)spawn->limits[i].resource, &spawn->limits[i].limit) != 0) {
            fail(spawn, CADRE_SPAWN_LIMITS, i);
        }
    }
    if (spawn->umask != -1) {
        umask((mode_t)spawn->umask);
    }
    apply_privileges(spawn);
    if (spawn->directory != NULL && chdir(spawn->directory) != 0) {
        fail(spawn, CADRE_SPAWN_DIRECTORY, 0);
    }
    if (spawn->pid_text != NULL) {
        write_pid(spawn->pid_text);
    }
    execute(spawn);
}

#pragma clang attribute pop

int cadre_spawn_from_here(struct cadre_spawn *spawn, bool bounding_set_is_empty) {
    spawn->privileges.bounding_set_is_empty = bounding_set_is_empty;
    spawn->pid = -1;
    spawn->pidfd = -1;
    spawn->failed_step = CADRE_SPAWN_DONE;
    spawn->failed_scheduling = CADRE_SCHEDULING_DONE;
    spawn->failed_privilege = CADRE_PRIVILEGES_DONE;
    spawn->error = 0;
    spawn->failed_index = 0;

    // The child's stack is a part of this function's frame, which stays as it is until the child is done with it.
    char stack[stack_size] __attribute__((aligned(16)));
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uintptr_t)&spawn->pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t)stack,
        .stack_size = stack_size,
    };
    if (spawn->control_group >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (__u64)spawn->control_group;
    }

    // A signal between clone and exec would run the parent's handler in the child, on the parent's memory.
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &previous);
    const long result = clone_into(&arguments, run_child, spawn);
    if (result < 0) {
        spawn->failed_step = CADRE_SPAWN_CLONE;
        spawn->error = (int)-result;
    } else if (spawn->failed_step != CADRE_SPAWN_DONE) {
        // It exited, or is about to: nobody but us ever knew of it.
        siginfo_t information;
        while (waitid(P_PIDFD, (id_t)spawn->pidfd, &information, WEXITED) != 0 && errno == EINTR) {
        }
        close(spawn->pidfd);
        spawn->pidfd = -1;
    } else {
        spawn->pid = (pid_t)result;
    }
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    return spawn->failed_step == CADRE_SPAWN_DONE ? 0 : -1;
}
