// What Swift cannot reach of Linux by itself: headers that the Glibc module leaves out, and calls
// that have no wrapper. As the wrappers of the C library do, a function here returns -1 and sets errno unless said otherwise.

#ifndef CLINUX_H
#define CLINUX_H

#define _GNU_SOURCE 1

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

// The calling thread's errno, which Swift sees only through Foundation or Glibc.
static inline int cadre_errno(void) {
    return errno;
}

// openat(2), which Swift cannot import as it is variadic.
int cadre_openat(int directory, const char *path, int flags, mode_t mode);

// fcntl(2) with an int argument, variadic as well.
int cadre_fcntl(int descriptor, int command, int argument);

// pidfd_open(2); PIDFD_NONBLOCK is not asked for, so waitid(2) is to be called once it is readable.
int cadre_pidfd_open(pid_t pid);

// pidfd_send_signal(2).
int cadre_pidfd_send_signal(int pidfd, int signal);

#endif
