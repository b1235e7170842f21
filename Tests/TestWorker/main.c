#include "worker.h"

#include <sys/signalfd.h>
#include <sys/wait.h>

struct verb {
    const char *name;
    void (*run)(char **arguments);
    int minimum_arguments;
    const char *usage;
};

static const struct verb verbs[] = {
    {"arguments", report_arguments, 0, "[ARGUMENT…]: prints its arguments, one a line"},
    {"environment", report_environment, 0, "prints its environment"},
    {"report-cgroup", report_cgroup, 0, "prints /proc/self/cgroup"},
    {"fds", report_descriptors, 0, "prints its open descriptors and what they are"},
    {"signals", report_signals, 0, "prints which signals are blocked and ignored, its session and its process ID"},
    {"credentials", report_credentials, 0, "prints users, groups, capabilities, no_new_privs and security bits"},
    {"limits", report_limits, 0, "prints the limit of open files, the umask, all limits, oom_score_adj, processors and priorities"},
    {"directory", report_directory, 0, "prints the working directory"},
    {"sleep", behave_sleep, 0, "waits for SIGTERM"},
    {"exit", behave_exit, 1, "CODE: exits at once"},
    {"abort", behave_abort, 0, "dies of SIGABRT"},
    {"ignore-term", behave_ignore_term, 0, "prints \"ignoring\" and stays, whatever SIGTERM says"},
    {"double-fork", behave_double_fork, 0, "leaves an orphan that ignores SIGTERM; waits for SIGTERM itself"},
    {"hog", behave_hog, 1, "BYTES [STEP-BYTES]: uses memory, prints how much so far, then waits for SIGTERM"},
    {"burn", behave_burn, 1, "MILLISECONDS: uses processor time, prints how much in microseconds, then waits for SIGTERM"},
    {"forkbomb", behave_forkbomb, 1, "N: forks N children that wait for ever, prints how many it got, then waits for SIGTERM"},
    {"log", behave_log, 1, "LINE…: prints lines, those with the prefix err: on standard error, then waits for SIGTERM"},
    {"count-signals", behave_count_signals, 0, "prints 0, then how many SIGUSR1 it got, at each, until SIGTERM"},
    {"stop-slowly", behave_stop_slowly, 1, "SECONDS: takes so long from SIGTERM to its end, and says \"stopped\" then"},
    {"escape", behave_escape, 1, "DIRECTORY: moves itself to another cgroup, prints \"escaped\", then waits for SIGTERM"},
    {"nest", behave_nest, 0, "starts children that ignore SIGTERM in new cgroups below its own, which print \"nested\"; waits for SIGTERM"},
    {"notify", behave_notify, 1, "TEXT: sends TEXT (\\n is a new line) to NOTIFY_SOCKET, then waits for SIGTERM"},
    {"notify-grandchild", behave_notify_grandchild, 1, "TEXT: the same from an orphan that exits at once"},
    {"flood", behave_flood, 2, "N TEXT: says READY=1, sends TEXT N times, or for ever if N is 0, and prints how many milliseconds that took"},
    {"shout", behave_shout, 1, "BYTES…: sends a status of so many bytes each, prints what became of it, and says READY=1"},
    {"swap-leaders", behave_swap_leaders, 1, "N: names its children and itself with MAINPID N times by turns, then says READY=1"},
    {"listen", behave_listen, 1, "PATH: answers as serve does, on a unix socket of its own"},
    {"serve", behave_serve, 0, "[BYTES]: answers HTTP on descriptor 3 with its process ID and cgroup until SIGTERM; leaks BYTES each time"},
    {"sockets", report_sockets, 0, "prints what kind of sockets it was passed, then waits for SIGTERM"},
    {"echo", behave_echo, 0, "[stdin]: answers what comes on its sockets with its process ID, the socket's name and what came"},
    {"store", behave_store, 0, "[MESSAGE…]: prints what it was passed, sends each MESSAGE with a descriptor (see the code), then READY=1, and waits for SIGTERM"},
    {"kill-after", behave_kill_after, 3, "PROCESS THREAD N: kills PROCESS after the N-th system call of its thread of that name, from now on"},
    {"list-calls", behave_list_calls, 2, "PROCESS THREAD: counts the kinds of system calls of its thread of that name until SIGTERM"},
    {"fail-call", behave_fail_call, 5, "PROCESS THREAD KIND N ERRNO: has the N-th call of that kind fail, which is not made, from now on"},
    {"list-calls-of-next", behave_list_calls_of_next, 2, "PROCESS THREAD: the same with the next process that PROCESS starts"},
    {"fail-call-of-next", behave_fail_call_of_next, 5, "PROCESS THREAD KIND N ERRNO: the same with the next process that PROCESS starts"},
    {"note", behave_note, 1, "FILE: notes its start and its end in FILE, says READY=1 and waits for SIGTERM"},
    {"hammer", behave_hammer, 1, "PORT [PAUSE-MILLISECONDS]: asks there without end, and at SIGTERM prints how often it was answered"},
};

int main(int count, char **arguments) {
    // A pipe as standard output would keep lines back.
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; count > 1 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(arguments[1], verbs[i].name) == 0 && count - 2 >= verbs[i].minimum_arguments) {
            verbs[i].run(arguments + 2);
            return 0;
        }
    }
    fprintf(stderr, "usage: %s VERB [ARGUMENT…], where VERB is one of\n", arguments[0]);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        fprintf(stderr, "  %s %s\n", verbs[i].name, verbs[i].usage);
    }
    return 64;
}

void fail(const char *call) {
    fprintf(stderr, "test worker: %s: %s\n", call, strerror(errno));
    exit(70);
}

long long number(const char *text) {
    char *end;
    const long long value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "test worker: \"%s\" is not a number\n", text);
        exit(64);
    }
    return value;
}

int termination(void) {
    signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const int terminated = signalfd(-1, &set, SFD_CLOEXEC);
    if (terminated == -1) {
        fail("signalfd");
    }
    return terminated;
}

void pause_until_terminated(void) {
    // A handler and pause(2) could miss a signal that comes between the two; waiting for a blocked one can't.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int received;
    sigwait(&set, &received);
    exit(0);
}

void pause_for_ever(void) {
    for (;;) {
        pause();
    }
}

void in_orphan(void (*work)(const char *), const char *argument) {
    const pid_t child = fork();
    if (child == -1) {
        fail("fork");
    }
    if (child == 0) {
        if (setsid() == -1) {
            fail("setsid");
        }
        const pid_t grandchild = fork();
        if (grandchild == -1) {
            fail("fork");
        }
        if (grandchild == 0) {
            work(argument);
        }
        _exit(0);
    }
    if (waitpid(child, NULL, 0) == -1) {
        fail("waitpid");
    }
}
