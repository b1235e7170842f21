// How a process ended, by its pidfd. See waitid(2), and PIDFD_GET_INFO in the kernel's include/uapi/linux/pidfd.h.

#define _GNU_SOURCE

#include "CLinux.h"

#include <linux/ioctl.h>
#include <poll.h>
#include <sys/ioctl.h>

// As of Linux 6.15. Headers older than the kernel lack it, so it has a name of its own here.
struct cadre_pidfd_info {
    uint64_t mask;
    uint64_t cgroup_id;
    uint32_t ids[11];
    int32_t exit_code;
};
_Static_assert(sizeof(struct cadre_pidfd_info) == 64, "PIDFD_INFO_SIZE_VER0; the size is part of the ioctl's number");

#define CADRE_PIDFD_GET_INFO _IOWR(0xFF, 11, struct cadre_pidfd_info)
#define CADRE_PIDFD_INFO_EXIT (1ULL << 3)

static bool has_exited(int pidfd) {
    struct pollfd poll_descriptor = {.fd = pidfd, .events = POLLIN};
    return poll(&poll_descriptor, 1, 0) == 1 && (poll_descriptor.revents & POLLIN) != 0;
}

// The end of a process that isn't our child. The kernel tells it once the parent has reaped the process.
static int ask_kernel(int pidfd, int *status) {
    struct cadre_pidfd_info information = {.mask = CADRE_PIDFD_INFO_EXIT};
    if (ioctl(pidfd, CADRE_PIDFD_GET_INFO, &information) == 0) {
        if ((information.mask & CADRE_PIDFD_INFO_EXIT) == 0) {
            return 0;
        }
        *status = information.exit_code;
        return 1;
    }
    if (errno == EBADF) {
        return -1;
    }
    // ESRCH: reaped, and the kernel can't tell how it ended. Anything else: the kernel doesn't know this question.
    if (errno != ESRCH && !has_exited(pidfd)) {
        return 0;
    }
    *status = -1;
    return 1;
}

int cadre_wait_status(const siginfo_t *information) {
    switch (information->si_code) {
    case CLD_EXITED:
        return W_EXITCODE(information->si_status, 0);
    case CLD_DUMPED:
        return W_EXITCODE(0, information->si_status) | WCOREFLAG;
    default:
        return W_EXITCODE(0, information->si_status);
    }
}

int cadre_reap(int pidfd, bool leave, int *status) {
    siginfo_t information = {.si_pid = 0};
    if (waitid(P_PIDFD, (id_t)pidfd, &information, WEXITED | WNOHANG | (leave ? WNOWAIT : 0)) != 0) {
        return errno == ECHILD ? ask_kernel(pidfd, status) : -1;
    }
    if (information.si_pid == 0) {
        return 0;
    }
    *status = cadre_wait_status(&information);
    return 1;
}
