#include "worker.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

void behave_sleep(char **arguments) {
    (void)arguments;
    pause_until_terminated();
}

void behave_exit(char **arguments) {
    exit((int)number(arguments[0]));
}

void behave_abort(char **arguments) {
    (void)arguments;
    // The build links Swift's runtime, which catches this signal to print a backtrace.
    signal(SIGABRT, SIG_DFL);
    abort();
}

void behave_ignore_term(char **arguments) {
    (void)arguments;
    signal(SIGTERM, SIG_IGN);
    puts("ignoring");
    pause_for_ever();
}

static void stay_as_orphan(const char *argument) {
    (void)argument;
    signal(SIGTERM, SIG_IGN);
    printf("orphan %d\n", getpid());
    pause_for_ever();
}

void behave_double_fork(char **arguments) {
    (void)arguments;
    in_orphan(stay_as_orphan, NULL);
    pause_until_terminated();
}

void behave_hog(char **arguments) {
    const size_t total = (size_t)number(arguments[0]);
    const size_t step = arguments[1] != NULL ? (size_t)number(arguments[1]) : total;
    if (step == 0) {
        errno = EINVAL;
        fail("hog");
    }
    for (size_t used = 0; used < total;) {
        const size_t size = total - used < step ? total - used : step;
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            fail("mmap");
        }
        memset(memory, 0xa5, size);
        used += size;
        printf("%zu\n", used);
    }
    pause_until_terminated();
}

void behave_burn(char **arguments) {
    const long long wanted = number(arguments[0]) * 1000000;
    struct timespec now;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000000000LL + now.tv_nsec < wanted);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        fail("getrusage");
    }
    printf("%lld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec
                         + usage.ru_stime.tv_usec);
    pause_until_terminated();
}

void behave_forkbomb(char **arguments) {
    const long long wanted = number(arguments[0]);
    long long count = 0;
    for (; count < wanted; count++) {
        const pid_t child = fork();
        if (child == -1) {
            fprintf(stderr, "test worker: fork: %s\n", strerror(errno));
            break;
        }
        if (child == 0) {
            pause_for_ever();
        }
    }
    printf("%lld\n", count);
    pause_until_terminated();
}

void behave_log(char **arguments) {
    for (; *arguments != NULL; arguments++) {
        const bool is_error = strncmp(*arguments, "err:", 4) == 0;
        fprintf(is_error ? stderr : stdout, "%s\n", is_error ? *arguments + 4 : *arguments);
    }
    pause_until_terminated();
}

void behave_count_signals(char **arguments) {
    (void)arguments;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int received = SIGUSR1;
    for (int count = 0; received != SIGTERM; count++) {
        printf("%d\n", count);
        sigwait(&set, &received);
    }
}

void behave_stop_slowly(char **arguments) {
    const unsigned seconds = (unsigned)number(arguments[0]);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("waiting");
    int received;
    sigwait(&set, &received);
    sleep(seconds);
    puts("stopped");
}

static void enter(const char *directory) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file == -1 || write(file, "0", 1) != 1) {
        fail(path);
    }
    close(file);
}

void behave_escape(char **arguments) {
    enter(arguments[0]);
    puts("escaped");
    pause_until_terminated();
}

void behave_nest(char **arguments) {
    (void)arguments;
    char own[PATH_MAX / 2];
    cgroup_path(own, sizeof own);
    char path[PATH_MAX];
    static const char *const names[] = {"child", "child/grandchild"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", own, names[i]);
        if (mkdir(path, 0755) == -1) {
            fail(path);
        }
        const pid_t child = fork();
        if (child == -1) {
            fail("fork");
        }
        if (child == 0) {
            signal(SIGTERM, SIG_IGN);
            enter(path);
            printf("nested %zu\n", i);
            pause_for_ever();
        }
    }
    pause_until_terminated();
}
