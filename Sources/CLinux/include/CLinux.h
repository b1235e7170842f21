// What Swift cannot reach of Linux by itself: headers that the Glibc module leaves out, and calls
// that have no wrapper. As the wrappers of the C library do, a function here returns -1 and sets errno unless said otherwise.

#ifndef CLINUX_H
#define CLINUX_H

// No _GNU_SOURCE here: these headers are read for other modules without it, and Swift refuses a type that two modules
// define differently. What needs it is in the C files, behind a function.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "cadre_keeper.h"
#include "cadre_privileges.h"
#include "cadre_scheduling.h"
#include "cadre_spawn.h"
#include "cadre_stage.h"

// The calling thread's errno, which Swift sees only through Foundation or Glibc.
static inline int cadre_errno(void) {
    return errno;
}

// The environment, which is environ(7).
static inline char **cadre_environment(void) {
    extern char **environ;
    return environ;
}

// openat(2), which Swift cannot import as it is variadic.
int cadre_openat(int directory, const char *path, int flags, mode_t mode);

// fcntl(2) with an int argument, variadic as well.
int cadre_fcntl(int descriptor, int command, int argument);

// dup3(2) with O_CLOEXEC.
int cadre_dup(int descriptor, int target);

// accept4(2), without the sender's address.
int cadre_accept(int socket, int flags);

// pipe2(2) with O_CLOEXEC.
int cadre_pipe(int descriptors[2]);

// renameat2(2) with RENAME_EXCHANGE: two files change names, in one step.
int cadre_exchange(const char *first, const char *second);

// posix_fallocate(3): has blocks allocated for a part of a file, which is made longer by that if need be.
int cadre_reserve(int file, off_t offset, off_t size);

// memfd_create(2); close-on-exec.
int cadre_memory_file(const char *name);

// The user, group and process of who connected a unix socket (SO_PEERCRED); 0 for a process that our pid namespace hides.
int cadre_peer(int socket, uid_t *user, gid_t *group, pid_t *process);

// A close-on-exec pidfd of who connected a unix socket (SO_PEERPIDFD, Linux 6.5), or -1: ENOPROTOOPT before that, ESRCH
// and the like if that process is gone.
int cadre_peer_pidfd(int socket);

// O_PATH of open(2).
int cadre_o_path(void);

// recv(2) without waiting, with the descriptors that came along, which are close-on-exec. It returns the message's whole
// length, even if that is more than fits. At the call, *count is how many descriptors there is room for; afterwards it
// is how many came, or -1 if some were lost: then none is left open.
ssize_t cadre_receive_all(int socket, void *buffer, size_t size, int *descriptors, int *count, int flags);

// Whether two descriptors of this process stand for one open file (kcmp(2)); false if that can't be found out.
bool cadre_is_same_file(int first, int second);

// Seconds since 1970 of a local time in the given format of strptime(3), or -1 if the text isn't one.
int64_t cadre_local_time(const char *text, const char *format);

// Gives the owner of a file the permissions of mode (as for chmod(2), of which only the owner's count), and one more user
// the same, by an access control list (acl(5)); nobody else has any.
int cadre_allow_reading(const char *path, mode_t mode, uid_t user);

// The name of an errno such as "ENOENT", or NULL.
const char *cadre_errno_name(int code);

// The name of a signal without its SIG, or NULL.
const char *cadre_signal_name(int signal);

// Gives the calling thread a name of 15 bytes at the most, as top and ps show it.
void cadre_name_thread(const char *name);

// Gives back memory that this process has and doesn't use: what is free in the heap (malloc_trim(3)), and its mappings of
// pages of code and constants (MADV_DONTNEED), which come back from the page cache one by one as they are used again. The
// start of a program needs a multiple of what it needs later.
void cadre_release_memory(void);

// How many processors this process may use (sched_getaffinity(2)).
int cadre_processor_count(void);

// The soft limit of open files of a process (prlimit(2)).
int cadre_open_file_limit(pid_t pid, uint64_t *limit);

// getdents64(2).
ssize_t cadre_getdents(int directory, void *buffer, size_t size);

// readdir(3) with errno 0 at the end of a directory, and something else if that isn't why there is no more.
struct dirent *cadre_readdir(DIR *directory);

// pidfd_open(2); PIDFD_NONBLOCK is not asked for, so waitid(2) is to be called once it is readable.
int cadre_pidfd_open(pid_t pid);

// pidfd_send_signal(2).
int cadre_pidfd_send_signal(int pidfd, int signal);

#endif
