// Messages with descriptors, and children that nobody knows. See unix(7), waitid(2), proc_pid_stat(5).

#define _GNU_SOURCE

#include "CLinux.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/uio.h>

int cadre_send(int socket, const void *bytes, size_t size, int descriptor, int flags) {
    union {
        char bytes[CMSG_SPACE(sizeof descriptor)];
        struct cmsghdr header;
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor != -1) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    while (sendmsg(socket, &message, flags | MSG_NOSIGNAL) == -1) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

ssize_t cadre_receive(int socket, void *bytes, size_t size, int *descriptor, int flags) {
    union {
        char bytes[CMSG_SPACE(sizeof *descriptor)];
        struct cmsghdr header;
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor = -1;
    ssize_t count;
    do {
        count = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    } while (count == -1 && errno == EINTR);
    if (count == -1) {
        return -1;
    }
    // There is room for one; more are closed by the kernel.
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof *descriptor)) {
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    }
    return count;
}

pid_t cadre_ended_child(int *status) {
    siginfo_t information = {.si_pid = 0};
    if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0 || information.si_pid == 0) {
        return 0;
    }
    *status = cadre_wait_status(&information);
    return information.si_pid;
}

uint64_t cadre_start_time(pid_t pid) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1) {
        return 0;
    }
    const ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) {
        return 0;
    }
    text[count] = '\0';
    // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
    const char *field = strrchr(text, ')');
    for (int number = 2; field != NULL && number < 22; number++) {
        field = strchr(field + 1, ' ');
    }
    return field == NULL ? 0 : strtoull(field + 1, NULL, 10);
}

int cadre_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
