#define _GNU_SOURCE

#include "CLinux.h"

#include <linux/kcmp.h>
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

int cadre_exchange(const char *first, const char *second) {
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}

int cadre_reserve(int file, off_t offset, off_t size) {
    errno = posix_fallocate(file, offset, size);
    return errno == 0 ? 0 : -1;
}

int cadre_memory_file(const char *name) {
    return memfd_create(name, MFD_CLOEXEC);
}

int cadre_pipe(int descriptors[2]) {
    return pipe2(descriptors, O_CLOEXEC);
}

int cadre_peer(int socket, uid_t *user, gid_t *group, pid_t *process) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return -1;
    }
    *user = credentials.uid;
    *group = credentials.gid;
    *process = credentials.pid;
    return 0;
}

int cadre_peer_pidfd(int socket) {
// Older headers don't have it; the number is the same on all machines but alpha, parisc and sparc.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    return getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0 ? pidfd : -1;
}

int cadre_o_path(void) {
    return O_PATH;
}

ssize_t cadre_receive_all(int socket, void *buffer, size_t size, int *descriptors, int *count, int flags) {
    // As many as one message can have (SCM_MAX_FD of the kernel), and the sender's credentials, which nobody asked for.
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(253 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    const int room = *count;
    *count = 0;
    const ssize_t length = recvmsg(socket, &message, flags | MSG_TRUNC | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length == -1) {
        return -1;
    }
    // The kernel drops what it has no number for (EMFILE), and says so by this.
    bool is_incomplete = (message.msg_flags & MSG_CTRUNC) != 0;
    int found = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const size_t numbers = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < numbers; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (found < room) {
                descriptors[found++] = descriptor;
            } else {
                close(descriptor);
                is_incomplete = true;
            }
        }
    }
    if (is_incomplete) {
        while (found > 0) {
            close(descriptors[--found]);
        }
        *count = -1;
    } else {
        *count = found;
    }
    return length;
}

bool cadre_is_same_file(int first, int second) {
    const pid_t self = getpid();
    return syscall(SYS_kcmp, self, self, KCMP_FILE, (unsigned long)first, (unsigned long)second) == 0;
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

// The attribute's format and its tags are those of linux/posix_acl_xattr.h and linux/posix_acl.h.
int cadre_allow_reading(const char *path, mode_t mode, uid_t user) {
    struct __attribute__((packed)) entry {
        uint16_t tag;
        uint16_t permissions;
        uint32_t id;
    };
    const uint16_t permissions = (mode >> 6) & 7;
    const uint32_t none = UINT32_MAX;
    const struct __attribute__((packed)) {
        uint32_t version;
        struct entry entries[5];
    } list = {
        .version = 2,
        .entries = {
            {0x01, permissions, none},  // The owner,
            {0x02, permissions, user},  // the user,
            {0x04, 0, none},            // the group,
            {0x10, permissions, none},  // what all but the owner and others are held to,
            {0x20, 0, none},            // and others.
        },
    };
    return setxattr(path, "system.posix_acl_access", &list, sizeof list, 0);
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

struct dirent *cadre_readdir(DIR *directory) {
    errno = 0;
    return readdir(directory);
}

int cadre_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int cadre_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
