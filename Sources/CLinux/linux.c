#define _GNU_SOURCE

#include "CLinux.h"

#include <sys/syscall.h>

int cadre_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

int cadre_fcntl(int descriptor, int command, int argument) {
    return fcntl(descriptor, command, argument);
}

int cadre_dup(int descriptor, int target) {
    return dup3(descriptor, target, O_CLOEXEC);
}

int cadre_accept(int socket, int flags) {
    return accept4(socket, NULL, NULL, flags);
}

int cadre_pipe(int descriptors[2]) {
    return pipe2(descriptors, O_CLOEXEC);
}

int cadre_peer(int socket, uid_t *user, gid_t *group) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return -1;
    }
    *user = credentials.uid;
    *group = credentials.gid;
    return 0;
}

int64_t cadre_local_time(const char *text, const char *format) {
    // Whether it is summer then is for mktime(3) to find out.
    struct tm parts = {.tm_isdst = -1};
    const char *end = strptime(text, format, &parts);
    if (end == NULL || *end != '\0') {
        return -1;
    }
    parts.tm_isdst = -1;
    return (int64_t)mktime(&parts);
}

const char *cadre_errno_name(int code) {
    return strerrorname_np(code);
}

const char *cadre_signal_name(int signal) {
    return sigabbrev_np(signal);
}

void cadre_name_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

int cadre_processor_count(void) {
    // Room for 8192 processors, the most that the kernel can be configured for.
    cpu_set_t sets[8];
    return sched_getaffinity(0, sizeof sets, sets) == 0 ? CPU_COUNT_S(sizeof sets, sets) : -1;
}

int cadre_open_file_limit(pid_t pid, uint64_t *limit) {
    struct rlimit found;
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &found) == -1) return -1;
    *limit = found.rlim_cur;
    return 0;
}

ssize_t cadre_getdents(int directory, void *buffer, size_t size) {
    return getdents64(directory, buffer, size);
}

int cadre_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int cadre_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
