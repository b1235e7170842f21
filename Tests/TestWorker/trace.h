// Following the system calls of a thread, and of what it starts until that is another program. See ptrace(2).

#ifndef TRACE_H
#define TRACE_H

#include "worker.h"

#include <sys/types.h>

// A system call that begins or has ended.
struct traced_call {
    // Who makes it, and whether that is a process that the thread has started.
    pid_t thread;
    bool is_child;
    uint64_t number;
    const uint64_t *arguments;
};

// What a tracer does about system calls.
struct tracer {
    // A call begins. The error that it is to end with, or 0 for whatever it ends with.
    int (*begins)(const struct traced_call *call);
    // A call has ended; false if its thread is not to go on, as its process was killed.
    bool (*has_ended)(bool is_child);
    // The traced process is gone, or this one was told to end (SIGTERM); what is traced goes on when this one ends.
    void (*is_over)(bool is_gone);
};

// Whether a call with an error is to be made nevertheless, and only its result replaced: one that has its effect even if
// it fails.
bool has_effect_if_it_fails(uint64_t call);

// Follows the calls of the thread of that name, or of the first one, that a process has; says "watching" when it begins.
_Noreturn void trace(const char *process, const char *thread, const struct tracer *tracer);

// The same for a thread of that name of the next process that a process starts.
_Noreturn void trace_next(const char *process, const char *thread, const struct tracer *tracer);

#endif
