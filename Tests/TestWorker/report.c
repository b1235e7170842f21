#include "worker.h"

#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void print_lines(char **lines) {
    for (; *lines != NULL; lines++) {
        puts(*lines);
    }
}

void report_arguments(char **arguments) {
    print_lines(arguments);
}

void report_environment(char **arguments) {
    (void)arguments;
    print_lines(environ);
}

// Prints the lines of a file that begin with one of the words, or all.
static void print_file(const char *path, const char *const *words) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail(path);
    }
    char line[4096];
    while (fgets(line, sizeof line, file) != NULL) {
        bool wanted = words == NULL;
        for (const char *const *word = words; word != NULL && *word != NULL; word++) {
            wanted = wanted || strncmp(line, *word, strlen(*word)) == 0;
        }
        if (wanted) {
            fputs(line, stdout);
        }
    }
    fclose(file);
}

void report_cgroup(char **arguments) {
    (void)arguments;
    print_file("/proc/self/cgroup", NULL);
}

void report_descriptors(char **arguments) {
    (void)arguments;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        fail("/proc/self/fd");
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory)) {
            continue;
        }
        char target[PATH_MAX];
        const ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target);
        if (length == -1) {
            fail(entry->d_name);
        }
        printf("%s %.*s\n", entry->d_name, (int)length, target);
    }
    closedir(directory);
}

void report_signals(char **arguments) {
    (void)arguments;
    print_file("/proc/self/status", (const char *const[]){"SigBlk:", "SigIgn:", NULL});
    printf("session %d pid %d\n", getsid(0), getpid());
}

void report_credentials(char **arguments) {
    (void)arguments;
    print_file("/proc/self/status", (const char *const[]){"Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", NULL});
    printf("SecureBits:\t%02x\n", (unsigned)prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
}

void report_limits(char **arguments) {
    (void)arguments;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        fail("getrlimit");
    }
    printf("files %llu %llu\n", (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
    printf("umask %03o\n", umask(0));
    print_file("/proc/self/limits", NULL);
    print_file("/proc/self/oom_score_adj", NULL);
    print_file("/proc/self/status", (const char *const[]){"Cpus_allowed_list:", NULL});
    printf("policy %d nice %d io %ld\n", sched_getscheduler(0), getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0));
}

void report_directory(char **arguments) {
    (void)arguments;
    char path[PATH_MAX];
    if (getcwd(path, sizeof path) == NULL) {
        fail("getcwd");
    }
    puts(path);
}
