#include "worker.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

// As sd_notify(3) does.
void notify(const char *text) {
    notify_with(text, -1);
}

// As sd_pid_notify_with_fds(3) does.
void notify_with(const char *text, int passed) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address.sun_path) {
        errno = path == NULL ? ENOENT : ENAMETOOLONG;
        fail("NOTIFY_SOCKET");
    }
    const size_t length = strlen(path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }

    char message[4096];
    size_t size = 0;
    for (; *text != '\0' && size < sizeof message; text++) {
        const bool is_new_line = text[0] == '\\' && text[1] == 'n';
        message[size++] = is_new_line ? '\n' : *text;
        text += is_new_line;
    }
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1) {
        fail("socket");
    }
    const socklen_t address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof passed)];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = message, .iov_len = size};
    struct msghdr whole = {.msg_name = &address, .msg_namelen = address_size, .msg_iov = &part, .msg_iovlen = 1};
    if (passed != -1) {
        whole.msg_control = control.bytes;
        whole.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&whole);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed);
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    if (sendmsg(descriptor, &whole, MSG_NOSIGNAL) == -1) {
        fail("sendmsg");
    }
    close(descriptor);
}

void behave_notify(char **arguments) {
    notify(arguments[0]);
    pause_until_terminated();
}

void behave_notify_grandchild(char **arguments) {
    in_orphan(notify, arguments[0]);
    pause_until_terminated();
}

void cgroup_path(char *path, size_t size) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL) {
        fail("/proc/self/cgroup");
    }
    path[0] = '\0';
    char line[4096];
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::", 3) == 0) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(path, size, "%s", line + 3);
        }
    }
    fclose(file);
}

// Reads one request up to its empty line, and answers it.
static void answer(int connection) {
    char request[8192];
    size_t size = 0;
    while (size < sizeof request - 1) {
        const ssize_t count = read(connection, request + size, sizeof request - 1 - size);
        if (count <= 0) {
            return;
        }
        size += (size_t)count;
        request[size] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) {
            break;
        }
    }
    char path[4096];
    cgroup_path(path, sizeof path);
    char body[4200];
    const int length = snprintf(body, sizeof body, "%d %s\n", getpid(), path);
    dprintf(connection, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", length, body);
}

static void leak(size_t size) {
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fail("mmap");
    }
    memset(memory, 0xa5, size);
}

static void serve(size_t leaked);

void behave_serve(char **arguments) {
    const size_t leaked = arguments[0] != NULL ? (size_t)number(arguments[0]) : 0;
    const char *count = getenv("LISTEN_FDS");
    const char *process = getenv("LISTEN_PID");
    if (count == NULL || number(count) < 1 || process == NULL || number(process) != getpid()) {
        fprintf(stderr, "test worker: LISTEN_FDS and LISTEN_PID don't name a socket of this process\n");
        exit(78);
    }
    serve(leaked);
}

void behave_listen(char **arguments) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(arguments[0]) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(arguments[0]);
    }
    strcpy(address.sun_path, arguments[0]);
    unlink(arguments[0]);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor == -1 || bind(descriptor, (struct sockaddr *)&address, sizeof address) == -1
        || listen(descriptor, 64) == -1 || dup2(descriptor, 3) == -1) {
        fail(arguments[0]);
    }
    serve(0);
}

// Answers on descriptor 3 until SIGTERM.
static void serve(size_t leaked) {
    enum { listener = 3 };
    // Other workers share the socket: one that poll saw may be another's by the time of accept.
    if (fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) == -1) {
        fail("fcntl");
    }
    const int terminated = termination();
    if (getenv("NOTIFY_SOCKET") != NULL) {
        notify("READY=1");
    }
    for (;;) {
        struct pollfd polled[] = {{.fd = terminated, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
        if (poll(polled, 2, -1) == -1) {
            fail("poll");
        }
        if (polled[0].revents != 0) {
            exit(0);
        }
        const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection == -1) {
            if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) {
                continue;
            }
            fail("accept4");
        }
        if (leaked > 0) {
            leak(leaked);
        }
        answer(connection);
        close(connection);
    }
}
