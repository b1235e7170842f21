#include "CLinux.h"

#include <sys/syscall.h>

int cadre_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

int cadre_fcntl(int descriptor, int command, int argument) {
    return fcntl(descriptor, command, argument);
}

int cadre_bind(int socket, const struct sockaddr *address, socklen_t size) {
    return bind(socket, address, size);
}

int cadre_connect(int socket, const struct sockaddr *address, socklen_t size) {
    return connect(socket, address, size);
}

int cadre_accept(int socket, int flags) {
    return accept4(socket, NULL, NULL, flags);
}

int cadre_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int cadre_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
