// See sched(7), sched_setaffinity(2), setpriority(2), ioprio_set(2), proc_pid_oom_score_adj(5).

#define _GNU_SOURCE

#include "CLinux.h"

#include <sys/syscall.h>

// IOPRIO_WHO_PROCESS of linux/ioprio.h, which older headers have not.
enum { who_process = 1 };

// A process that shares its memory with others changes theirs too, but not one in vfork (__set_oom_adj(), fs/proc/base.c).
static int set_out_of_memory_score(const char *text) {
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file == -1) {
        return -1;
    }
    const ssize_t written = write(file, text, strlen(text));
    const int error = errno;
    close(file);
    errno = error;
    return written == -1 ? -1 : 0;
}

enum cadre_scheduling_step cadre_apply_scheduling(const struct cadre_scheduling *scheduling) {
    if (scheduling->out_of_memory_score != NULL && set_out_of_memory_score(scheduling->out_of_memory_score) != 0) {
        return CADRE_SCHEDULING_OUT_OF_MEMORY_SCORE;
    }
    const size_t size = scheduling->processor_words * sizeof *scheduling->processors;
    if (size != 0 && syscall(SYS_sched_setaffinity, 0, size, scheduling->processors) < 0) {
        return CADRE_SCHEDULING_PROCESSORS;
    }
    const struct sched_param parameter = {.sched_priority = scheduling->priority};
    if (scheduling->policy != -1 && syscall(SYS_sched_setscheduler, 0, scheduling->policy, &parameter) != 0) {
        return CADRE_SCHEDULING_POLICY;
    }
    if (scheduling->change_niceness && syscall(SYS_setpriority, PRIO_PROCESS, 0, scheduling->niceness) != 0) {
        return CADRE_SCHEDULING_NICENESS;
    }
    if (scheduling->io_priority != -1 && syscall(SYS_ioprio_set, who_process, 0, scheduling->io_priority) != 0) {
        return CADRE_SCHEDULING_IO_PRIORITY;
    }
    return CADRE_SCHEDULING_DONE;
}

int cadre_io_priority(pid_t pid) {
    return (int)syscall(SYS_ioprio_get, who_process, pid);
}
