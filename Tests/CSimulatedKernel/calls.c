// The calls that the core makes, each of which goes to the simulated kernel or on to the real one.

#define _GNU_SOURCE

#include "calls.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSimulatedKernel.h"

// The linker makes __wrap_NAME of what others call NAME, and NAME of __real_NAME.
#define WRAP(result, name, ...)       \
    result __real_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__)

#define ANSWER(call)             \
    do {                         \
        const long answer = call; \
        if (answer < 0) {        \
            errno = (int)-answer; \
            return -1;           \
        }                        \
        return (int)answer;      \
    } while (0)

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool is_simulated;
static int started_threads;

void simulation_enter(void) {
    pthread_mutex_lock(&turn);
    is_simulated = true;
}

void simulation_leave(void) {
    is_simulated = false;
    pthread_mutex_unlock(&turn);
}

void simulation_end_thread(void) {
    simulation_leave();
    // Not pthread_exit(3), which would run what is left to be done on the stack.
    syscall(SYS_exit, 0);
    __builtin_unreachable();
}

int simulation_started_threads(void) {
    return started_threads;
}

// MARK: What belongs to the simulation

static bool is_ours(int descriptor) {
    if (descriptor < simulation_first_descriptor) {
        return false;
    }
    if (!is_simulated) {
        fprintf(stderr, "a thread outside of the simulation uses its descriptor %d\n", descriptor);
        abort();
    }
    return true;
}

static bool is_our_path(const char *path) {
    static const char *const files[] = {"/dev/null", "/proc", "/proc/self/cgroup", "/proc/self/mountinfo"};
    if (strncmp(path, "/simulated/", 11) == 0) {
        return true;
    }
    if (!is_simulated) {
        return false;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(path, files[i]) == 0) {
            return true;
        }
    }
    return strncmp(path, "/proc/", 6) == 0 && atoi(path + 6) >= simulation_first_process;
}

static bool is_ours_at(int directory, const char *path) {
    return path[0] == '/' ? is_our_path(path) : directory != AT_FDCWD && is_ours(directory);
}

// MARK: Threads

struct start {
    void *(*body)(void *);
    void *argument;
};

static void *start_in_simulation(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    simulation_enter();
    simulated_thread_started();
    void *result = start.body(start.argument);
    simulation_leave();
    return result;
}

// A thread that one of the simulation starts is of the simulation, too.
WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    struct start *start = is_simulated ? malloc(sizeof *start) : NULL;
    if (start == NULL) {
        return __real_pthread_create(thread, attributes, body, argument);
    }
    *start = (struct start){.body = body, .argument = argument};
    started_threads++;
    return __real_pthread_create(thread, attributes, start_in_simulation, start);
}

// MARK: Events and time

WRAP(int, epoll_create1, int flags) {
    if (!is_simulated) {
        return __real_epoll_create1(flags);
    }
    ANSWER(simulated_epoll_create());
}

WRAP(int, epoll_ctl, int epoll, int operation, int descriptor, struct epoll_event *event) {
    if (!is_ours(epoll)) {
        return __real_epoll_ctl(epoll, operation, descriptor, event);
    }
    ANSWER(simulated_epoll_ctl(epoll, operation, descriptor, event));
}

WRAP(int, epoll_wait, int epoll, struct epoll_event *events, int count, int timeout) {
    if (!is_ours(epoll)) {
        return __real_epoll_wait(epoll, events, count, timeout);
    }
    ANSWER(simulated_epoll_wait(epoll, events, count, timeout));
}

WRAP(int, eventfd, unsigned int count, int flags) {
    if (!is_simulated) {
        return __real_eventfd(count, flags);
    }
    ANSWER(simulated_eventfd());
}

WRAP(int, timerfd_create, int clock, int flags) {
    if (!is_simulated) {
        return __real_timerfd_create(clock, flags);
    }
    ANSWER(simulated_timerfd_create());
}

WRAP(int, timerfd_settime, int descriptor, int flags, const struct itimerspec *time, struct itimerspec *previous) {
    if (!is_ours(descriptor)) {
        return __real_timerfd_settime(descriptor, flags, time, previous);
    }
    ANSWER(simulated_timerfd_settime(descriptor, time->it_value.tv_sec * 1000000000L + time->it_value.tv_nsec));
}

WRAP(int, inotify_init1, int flags) {
    if (!is_simulated) {
        return __real_inotify_init1(flags);
    }
    ANSWER(simulated_inotify_init());
}

WRAP(int, inotify_add_watch, int inotify, const char *path, uint32_t mask) {
    if (!is_ours(inotify)) {
        return __real_inotify_add_watch(inotify, path, mask);
    }
    ANSWER(simulated_inotify_add_watch(inotify, path, mask));
}

WRAP(int, inotify_rm_watch, int inotify, int watch) {
    if (!is_ours(inotify)) {
        return __real_inotify_rm_watch(inotify, watch);
    }
    ANSWER(simulated_inotify_rm_watch(inotify, watch));
}

WRAP(int, clock_gettime, clockid_t clock, struct timespec *time) {
    if (!is_simulated) {
        return __real_clock_gettime(clock, time);
    }
    const long now = simulated_clock(clock);
    *time = (struct timespec){.tv_sec = now / 1000000000, .tv_nsec = now % 1000000000};
    return 0;
}

WRAP(int, poll, struct pollfd *requests, nfds_t count, int timeout) {
    if (count != 1 || !is_ours(requests->fd)) {
        return __real_poll(requests, count, timeout);
    }
    ANSWER(simulated_poll(requests->fd, requests->events, &requests->revents, timeout));
}

// MARK: Files

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...) {
    if (is_ours_at(directory, path)) {
        ANSWER(simulated_openat(directory, path, flags));
    }
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return __real_openat(directory, path, flags, mode);
}

WRAP(ssize_t, read, int descriptor, void *buffer, size_t size) {
    if (!is_ours(descriptor)) {
        return __real_read(descriptor, buffer, size);
    }
    ANSWER(simulated_read(descriptor, buffer, size));
}

WRAP(ssize_t, write, int descriptor, const void *bytes, size_t size) {
    if (!is_ours(descriptor)) {
        return __real_write(descriptor, bytes, size);
    }
    ANSWER(simulated_write(descriptor, bytes, size));
}

WRAP(int, close, int descriptor) {
    if (!is_ours(descriptor)) {
        return __real_close(descriptor);
    }
    ANSWER(simulated_close(descriptor));
}

WRAP(off_t, lseek, int descriptor, off_t offset, int whence) {
    if (!is_ours(descriptor)) {
        return __real_lseek(descriptor, offset, whence);
    }
    ANSWER(simulated_lseek(descriptor, offset, whence));
}

WRAP(ssize_t, pwrite, int descriptor, const void *bytes, size_t size, off_t offset) {
    if (!is_ours(descriptor)) {
        return __real_pwrite(descriptor, bytes, size, offset);
    }
    ANSWER(simulated_pwrite(descriptor, bytes, size, offset));
}

WRAP(int, posix_fallocate, int descriptor, off_t offset, off_t size) {
    if (!is_ours(descriptor)) {
        return __real_posix_fallocate(descriptor, offset, size);
    }
    return (int)-simulated_fallocate(descriptor, offset + size);
}

WRAP(int, ftruncate, int descriptor, off_t size) {
    if (!is_ours(descriptor)) {
        return __real_ftruncate(descriptor, size);
    }
    ANSWER(simulated_truncate(descriptor, size));
}

int __real_fcntl(int descriptor, int command, ...);
int __wrap_fcntl(int descriptor, int command, ...);
int __wrap_fcntl(int descriptor, int command, ...) {
    if (is_ours(descriptor)) {
        if (command == F_DUPFD_CLOEXEC) {
            ANSWER(simulated_duplicate(descriptor));
        }
        return 0;
    }
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return __real_fcntl(descriptor, command, argument);
}

WRAP(int, dup3, int descriptor, int target, int flags) {
    if (!is_ours(descriptor)) {
        return __real_dup3(descriptor, target, flags);
    }
    ANSWER(simulated_dup3(descriptor, target));
}

WRAP(int, fstat, int descriptor, struct stat *status) {
    if (!is_ours(descriptor)) {
        return __real_fstat(descriptor, status);
    }
    ANSWER(simulated_stat(descriptor, "", status));
}

WRAP(int, fstatat, int directory, const char *path, struct stat *status, int flags) {
    if (!is_ours_at(directory, path)) {
        return __real_fstatat(directory, path, status, flags);
    }
    ANSWER(simulated_stat(directory, path, status));
}

WRAP(int, fstatfs, int descriptor, struct statfs *status) {
    if (!is_ours(descriptor)) {
        return __real_fstatfs(descriptor, status);
    }
    // CGROUP2_SUPER_MAGIC and TMPFS_MAGIC of <linux/magic.h>.
    memset(status, 0, sizeof *status);
    status->f_type = simulated_is_cgroup(descriptor) == 1 ? 0x63677270 : 0x01021994;
    return 0;
}

WRAP(int, flock, int descriptor, int operation) {
    if (!is_ours(descriptor)) {
        return __real_flock(descriptor, operation);
    }
    ANSWER(simulated_flock(descriptor, operation));
}

WRAP(int, mkdir, const char *path, mode_t mode) {
    if (!is_our_path(path)) {
        return __real_mkdir(path, mode);
    }
    ANSWER(simulated_mkdirat(AT_FDCWD, path));
}

WRAP(int, mkdirat, int directory, const char *path, mode_t mode) {
    if (!is_ours_at(directory, path)) {
        return __real_mkdirat(directory, path, mode);
    }
    ANSWER(simulated_mkdirat(directory, path));
}

WRAP(int, unlink, const char *path) {
    if (!is_our_path(path)) {
        return __real_unlink(path);
    }
    ANSWER(simulated_unlinkat(AT_FDCWD, path, 0));
}

WRAP(int, rmdir, const char *path) {
    if (!is_our_path(path)) {
        return __real_rmdir(path);
    }
    ANSWER(simulated_unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

WRAP(int, unlinkat, int directory, const char *path, int flags) {
    if (!is_ours_at(directory, path)) {
        return __real_unlinkat(directory, path, flags);
    }
    ANSWER(simulated_unlinkat(directory, path, flags));
}

WRAP(int, rename, const char *from, const char *to) {
    if (!is_our_path(from)) {
        return __real_rename(from, to);
    }
    ANSWER(simulated_rename(from, to));
}

// With RENAME_EXCHANGE, which is what the core calls it for.
WRAP(int, renameat2, int directory, const char *from, int other, const char *to, unsigned int flags) {
    if (!is_our_path(from)) {
        return __real_renameat2(directory, from, other, to, flags);
    }
    ANSWER(simulated_exchange(from, to));
}

WRAP(int, chmod, const char *path, mode_t mode) {
    return is_our_path(path) ? 0 : __real_chmod(path, mode);
}

WRAP(int, fchmod, int descriptor, mode_t mode) {
    return is_ours(descriptor) ? 0 : __real_fchmod(descriptor, mode);
}

WRAP(int, access, const char *path, int mode) {
    if (!is_ours_at(AT_FDCWD, path)) {
        return __real_access(path, mode);
    }
    ANSWER(simulated_access(AT_FDCWD, path));
}

WRAP(int, faccessat, int directory, const char *path, int mode, int flags) {
    if (!is_ours_at(directory, path)) {
        return __real_faccessat(directory, path, mode, flags);
    }
    ANSWER(simulated_access(directory, path));
}

WRAP(ssize_t, getdents64, int directory, void *buffer, size_t size) {
    if (!is_ours(directory)) {
        return __real_getdents64(directory, buffer, size);
    }
    ANSWER(simulated_getdents(directory, buffer, size));
}

WRAP(char *, realpath, const char *path, char *resolved) {
    return is_our_path(path) && resolved == NULL ? strdup(path) : __real_realpath(path, resolved);
}

// A directory stream of the simulation; there is one at a time.
static struct {
    char path[256];
    int index;
    struct dirent entry;
} stream;

WRAP(DIR *, opendir, const char *path) {
    if (!is_our_path(path)) {
        return __real_opendir(path);
    }
    snprintf(stream.path, sizeof stream.path, "%s", path);
    stream.index = 0;
    const long answer = simulated_access(AT_FDCWD, path);
    if (answer < 0) {
        errno = (int)-answer;
        return NULL;
    }
    return (DIR *)&stream;
}

WRAP(struct dirent *, readdir, DIR *directory) {
    if (directory != (DIR *)&stream) {
        return __real_readdir(directory);
    }
    const long answer = simulated_directory_entry(stream.path, stream.index++, stream.entry.d_name);
    return answer == 1 ? &stream.entry : NULL;
}

WRAP(int, closedir, DIR *directory) {
    return directory == (DIR *)&stream ? 0 : __real_closedir(directory);
}

WRAP(int, fsetxattr, int descriptor, const char *name, const void *value, size_t size, int flags) {
    if (!is_ours(descriptor)) {
        return __real_fsetxattr(descriptor, name, value, size, flags);
    }
    ANSWER(simulated_fsetxattr(descriptor, name, value, size));
}

WRAP(ssize_t, fgetxattr, int descriptor, const char *name, void *value, size_t size) {
    if (!is_ours(descriptor)) {
        return __real_fgetxattr(descriptor, name, value, size);
    }
    ANSWER(simulated_fgetxattr(descriptor, name, value, size));
}

WRAP(int, fremovexattr, int descriptor, const char *name) {
    if (!is_ours(descriptor)) {
        return __real_fremovexattr(descriptor, name);
    }
    ANSWER(simulated_fremovexattr(descriptor, name));
}

// MARK: Sockets

WRAP(int, socket, int family, int type, int protocol) {
    if (!is_simulated) {
        return __real_socket(family, type, protocol);
    }
    ANSWER(simulated_socket());
}

WRAP(int, bind, int socket, const struct sockaddr *address, socklen_t size) {
    if (!is_ours(socket)) {
        return __real_bind(socket, address, size);
    }
    ANSWER(simulated_bind(socket, ((const struct sockaddr_un *)address)->sun_path));
}

WRAP(int, getsockname, int socket, struct sockaddr *address, socklen_t *size) {
    if (!is_ours(socket)) {
        return __real_getsockname(socket, address, size);
    }
    struct sockaddr_un *name = (struct sockaddr_un *)address;
    name->sun_family = AF_UNIX;
    ANSWER(simulated_getsockname(socket, name->sun_path, sizeof name->sun_path));
}

WRAP(ssize_t, recv, int socket, void *buffer, size_t size, int flags) {
    if (!is_ours(socket)) {
        return __real_recv(socket, buffer, size, flags);
    }
    ANSWER(simulated_receive(socket, buffer, size, flags));
}

WRAP(ssize_t, send, int socket, const void *bytes, size_t size, int flags) {
    if (!is_ours(socket)) {
        return __real_send(socket, bytes, size, flags);
    }
    ANSWER(simulated_send(socket, bytes, size, -1));
}

WRAP(ssize_t, sendmsg, int socket, const struct msghdr *message, int flags) {
    if (!is_ours(socket)) {
        return __real_sendmsg(socket, message, flags);
    }
    int descriptor = -1;
    struct cmsghdr *header = message->msg_controllen > 0 ? CMSG_FIRSTHDR(message) : NULL;
    if (header != NULL) {
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    ANSWER(simulated_send(socket, message->msg_iov->iov_base, message->msg_iov->iov_len, descriptor));
}

// MARK: Processes

WRAP(int, cadre_spawn, struct cadre_spawn *spawn) {
    return is_simulated ? (int)simulated_spawn(spawn) : __real_cadre_spawn(spawn);
}

WRAP(int, cadre_give_up_bounding_set, void) {
    return is_simulated ? 0 : __real_cadre_give_up_bounding_set();
}

WRAP(int, cadre_pidfd_open, pid_t process) {
    if (!is_simulated) {
        return __real_cadre_pidfd_open(process);
    }
    ANSWER(simulated_pidfd_open(process));
}

WRAP(int, cadre_pidfd_send_signal, int pidfd, int signal) {
    if (!is_ours(pidfd)) {
        return __real_cadre_pidfd_send_signal(pidfd, signal);
    }
    ANSWER(simulated_pidfd_send_signal(pidfd, signal));
}

WRAP(int, waitid, idtype_t type, id_t id, siginfo_t *information, int options) {
    if (type != P_PIDFD || !is_ours((int)id)) {
        return __real_waitid(type, id, information, options);
    }
    int process = 0, code = 0, status = 0;
    const long answer = simulated_wait((int)id, (options & WNOWAIT) != 0, &process, &code, &status);
    if (answer < 0) {
        errno = (int)-answer;
        return -1;
    }
    information->si_pid = process;
    information->si_code = code;
    information->si_status = status;
    return 0;
}

// PIDFD_GET_INFO of Linux 6.15, the one request that the core makes of a pidfd.
int __real_ioctl(int descriptor, unsigned long request, ...);
int __wrap_ioctl(int descriptor, unsigned long request, ...);
int __wrap_ioctl(int descriptor, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!is_ours(descriptor)) {
        return __real_ioctl(descriptor, request, argument);
    }
    struct {
        uint64_t mask;
        uint64_t cgroup_id;
        uint32_t ids[11];
        int32_t exit_code;
    } *information = argument;
    int status = 0;
    const long answer = simulated_pidfd_status(descriptor, &status);
    if (answer < 0) {
        errno = (int)-answer;
        return -1;
    }
    // PIDFD_INFO_EXIT.
    information->mask = answer == 1 ? 8 : 0;
    information->exit_code = status;
    return 0;
}
