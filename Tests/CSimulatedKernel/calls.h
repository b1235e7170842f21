// What the simulated kernel answers: as the system calls themselves, with the negated errno for an error.

#ifndef CALLS_H
#define CALLS_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

struct cadre_spawn;

// A thread that the simulation started has its turn for the first time.
void simulated_thread_started(void);

long simulated_epoll_create(void);
long simulated_epoll_ctl(int epoll, int operation, int descriptor, struct epoll_event *event);
long simulated_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout);
long simulated_eventfd(void);
long simulated_timerfd_create(void);
long simulated_timerfd_settime(int descriptor, int64_t nanoseconds);
long simulated_inotify_init(void);
long simulated_inotify_add_watch(int inotify, const char *path, uint32_t mask);
long simulated_inotify_rm_watch(int inotify, int watch);
long simulated_clock(int clock);

long simulated_openat(int directory, const char *path, int flags);
long simulated_read(int descriptor, void *buffer, size_t size);
long simulated_write(int descriptor, const void *bytes, size_t size);
long simulated_close(int descriptor);
long simulated_lseek(int descriptor, long offset, int whence);
long simulated_pwrite(int descriptor, const void *bytes, size_t size, long offset);
long simulated_fallocate(int descriptor, long size);
long simulated_truncate(int descriptor, long size);
long simulated_duplicate(int descriptor);
long simulated_dup3(int descriptor, int target);
long simulated_stat(int descriptor, const char *path, struct stat *status);
long simulated_is_cgroup(int descriptor);
long simulated_flock(int descriptor, int operation);
long simulated_mkdirat(int directory, const char *path);
long simulated_unlinkat(int directory, const char *path, int flags);
long simulated_rename(const char *from, const char *to);
long simulated_exchange(const char *first, const char *second);
long simulated_access(int directory, const char *path);
long simulated_getdents(int directory, void *buffer, size_t size);
long simulated_directory_entry(const char *path, int index, char name[256]);
long simulated_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
long simulated_fgetxattr(int descriptor, const char *name, void *value, size_t size);
long simulated_fremovexattr(int descriptor, const char *name);

long simulated_socket(void);
long simulated_bind(int socket, const char *path);
long simulated_getsockname(int socket, char *path, size_t size);
long simulated_receive(int socket, void *buffer, size_t size, int flags);
long simulated_send(int socket, const void *bytes, size_t size, int descriptor);

long simulated_poll(int descriptor, short events, short *answer, int timeout);
long simulated_spawn(struct cadre_spawn *spawn);
long simulated_pidfd_open(int process);
long simulated_pidfd_send_signal(int pidfd, int signal);
// 1 with what there is, 0 if there is nothing yet.
long simulated_wait(int pidfd, bool leave, int *process, int *code, int *status);
long simulated_pidfd_status(int pidfd, int *status);

#endif
