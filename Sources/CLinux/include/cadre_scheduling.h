// How a process shares the machine with others.

#ifndef CADRE_SCHEDULING_H
#define CADRE_SCHEDULING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// What cadre_apply_scheduling() does, in this order.
enum cadre_scheduling_step {
    CADRE_SCHEDULING_DONE = 0,
    CADRE_SCHEDULING_OUT_OF_MEMORY_SCORE,
    CADRE_SCHEDULING_PROCESSORS,
    CADRE_SCHEDULING_POLICY,
    CADRE_SCHEDULING_NICENESS,
    CADRE_SCHEDULING_IO_PRIORITY,
};

struct cadre_scheduling {
    // What is written to oom_score_adj, or NULL.
    const char *out_of_memory_score;
    // Bit n of these words stands for processor n (sched_setaffinity(2)); no words for the parent's.
    const unsigned long *processors;
    size_t processor_words;
    // A policy of sched(7), or -1 for the parent's, and its priority.
    int policy;
    int priority;
    bool change_niceness;
    int niceness;
    // As ioprio_set(2) takes it, or -1 for the parent's.
    int io_priority;
};

// Applies it to the calling process; async-signal-safe, and safe in a child that shares its parent's memory. Returns
// CADRE_SCHEDULING_DONE, or the step that failed, with errno set.
enum cadre_scheduling_step cadre_apply_scheduling(const struct cadre_scheduling *scheduling);

// The I/O priority of a process, as ioprio_get(2) has it.
int cadre_io_priority(pid_t pid);

#endif
