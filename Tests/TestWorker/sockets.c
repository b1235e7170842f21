#include "worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

// SD_LISTEN_FDS_START of <systemd/sd-daemon.h>.
enum { first_listener = 3, most_listeners = 1024 };

// How many descriptors LISTEN_FDS counts, for this process.
static int listen_count(void) {
    const char *count = getenv("LISTEN_FDS");
    const char *process = getenv("LISTEN_PID");
    if (count == NULL || process == NULL || number(process) != getpid()) {
        return 0;
    }
    return (int)number(count);
}

// The name of a descriptor in LISTEN_FDNAMES.
static void listen_name(int index, char *name, size_t size) {
    const char *names = getenv("LISTEN_FDNAMES");
    for (; names != NULL && index > 0; index--) {
        names = strchr(names, ':');
        names = names == NULL ? NULL : names + 1;
    }
    snprintf(name, size, "%.*s", names == NULL ? 1 : (int)strcspn(names, ":"), names == NULL ? "?" : names);
}

static int option(int socket, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(socket, level, name, &value, &size) == 0 ? value : -1;
}

void report_sockets(char **arguments) {
    (void)arguments;
    const int count = listen_count();
    for (int i = 0; i < count; i++) {
        const int socket = first_listener + i;
        char name[256];
        listen_name(i, name, sizeof name);
        printf(
            "%d %s family %d type %d listening %d non_blocking %d reuse_port %d free_bind %d defer %d\n", socket, name,
            option(socket, SOL_SOCKET, SO_DOMAIN), option(socket, SOL_SOCKET, SO_TYPE),
            option(socket, SOL_SOCKET, SO_ACCEPTCONN), (fcntl(socket, F_GETFL) & O_NONBLOCK) != 0,
            option(socket, SOL_SOCKET, SO_REUSEPORT),
            option(socket, IPPROTO_IP, IP_FREEBIND), option(socket, IPPROTO_TCP, TCP_DEFER_ACCEPT));
    }
    pause_until_terminated();
}

// Answers what comes with its process ID, the socket's name, and what came.
static void echo_on(int socket, const char *name) {
    char text[1024];
    char answer[1400];
    if (option(socket, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM) {
        struct sockaddr_storage sender;
        socklen_t size = sizeof sender;
        const ssize_t count = recvfrom(socket, text, sizeof text - 1, MSG_DONTWAIT, (struct sockaddr *)&sender, &size);
        if (count < 0) {
            return;
        }
        text[count] = '\0';
        const int length = snprintf(answer, sizeof answer, "%d %s %s", getpid(), name, text);
        printf("got %s on %s\n", text, name);
        if (size > sizeof(sa_family_t)) {
            sendto(socket, answer, (size_t)length, 0, (struct sockaddr *)&sender, size);
        }
        return;
    }
    fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
    const int connection = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
    if (connection == -1) {
        return;
    }
    const ssize_t count = read(connection, text, sizeof text - 1);
    if (count >= 0) {
        text[count] = '\0';
        const int length = snprintf(answer, sizeof answer, "%d %s %s", getpid(), name, text);
        if (write(connection, answer, (size_t)length) == -1) {
            fprintf(stderr, "test worker: the answer could not be written\n");
        }
    }
    close(connection);
}

void behave_echo(char **arguments) {
    const bool uses_input = arguments[0] != NULL && strcmp(arguments[0], "stdin") == 0;
    struct pollfd polled[most_listeners + 2] = {{.fd = termination(), .events = POLLIN}};
    nfds_t used = 1;
    if (uses_input) {
        polled[used++] = (struct pollfd){.fd = 0, .events = POLLIN};
    }
    const int count = listen_count();
    for (int i = 0; i < count && i < most_listeners; i++) {
        polled[used++] = (struct pollfd){.fd = first_listener + i, .events = POLLIN};
    }
    if (getenv("NOTIFY_SOCKET") != NULL) {
        notify("READY=1");
    }
    for (;;) {
        if (poll(polled, used, -1) == -1) {
            fail("poll");
        }
        if (polled[0].revents != 0) {
            exit(0);
        }
        for (nfds_t i = 1; i < used; i++) {
            char name[256] = "stdin";
            if (polled[i].fd != 0) {
                listen_name(polled[i].fd - first_listener, name, sizeof name);
            }
            if (polled[i].revents != 0) {
                echo_on(polled[i].fd, name);
            }
        }
    }
}

void behave_store(char **arguments) {
    // What earlier incarnations stored comes behind the sockets.
    const int count = listen_count();
    for (int i = 0; i < count; i++) {
        char name[256];
        char text[64] = "";
        listen_name(i, name, sizeof name);
        if (option(first_listener + i, SOL_SOCKET, SO_TYPE) == -1) {
            const ssize_t length = pread(first_listener + i, text, sizeof text - 1, 0);
            text[length < 0 ? 0 : length] = '\0';
        }
        printf("has %s \"%s\"\n", name, text);
    }
    printf("has %d\n", count);
    for (; *arguments != NULL; arguments++) {
        if (strncmp(*arguments, "if-empty:", 9) == 0) {
            if (count > 0) {
                continue;
            }
            *arguments += 9;
        }
        // A message alone, or one with a descriptor: "memory:TEXT:MESSAGE", "pipe::MESSAGE" (of which the other end is
        // closed).
        char *message = *arguments;
        int descriptor = -1;
        if (strncmp(message, "memory:", 7) == 0) {
            char *text = message + 7;
            message = strchr(text, ':');
            *message++ = '\0';
            descriptor = memfd_create("stored", MFD_CLOEXEC);
            if (descriptor == -1 || write(descriptor, text, strlen(text)) == -1) {
                fail("memfd_create");
            }
        } else if (strncmp(message, "pipe::", 6) == 0) {
            int ends[2];
            if (pipe(ends) == -1) {
                fail("pipe");
            }
            close(ends[0]);
            descriptor = ends[1];
            message += 6;
        }
        notify_with(message, descriptor);
        if (descriptor != -1) {
            close(descriptor);
        }
    }
    notify("READY=1");
    pause_until_terminated();
}

static long long microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

// Whether one request is answered; else why not is printed.
static bool ask(uint16_t port) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[8192];
    size_t size = 0;
    const char *call = "connect";
    bool is_answered = false;
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) {
        call = "write";
        if (write(connection, request, sizeof request - 1) > 0) {
            call = "read";
            for (;;) {
                const ssize_t count = read(connection, answer + size, sizeof answer - 1 - size);
                if (count <= 0) {
                    if (count == 0) {
                        errno = 0;
                    }
                    break;
                }
                size += (size_t)count;
            }
            answer[size] = '\0';
            is_answered = strncmp(answer, "HTTP/1.0 200", 12) == 0;
        }
    }
    if (!is_answered) {
        printf("not answered: %s: %s\n", call, strerror(errno));
    }
    close(connection);
    return is_answered;
}

void behave_hammer(char **arguments) {
    const uint16_t port = (uint16_t)number(arguments[0]);
    const long long pause = arguments[1] != NULL ? number(arguments[1]) * 1000 : 0;
    const int terminated = termination();
    long long answered = 0;
    long long failed = 0;
    long long worst = 0;
    for (;;) {
        const long long start = microseconds();
        const bool is_answered = ask(port);
        const long long took = microseconds() - start;
        worst = took > worst ? took : worst;
        answered += is_answered;
        failed += !is_answered;
        if (answered + failed == 1 || (answered + failed) % 1000 == 0) {
            printf("asked %lld\n", answered + failed);
        }
        struct pollfd polled = {.fd = terminated, .events = POLLIN};
        if (poll(&polled, 1, (int)(pause / 1000)) == 1) {
            break;
        }
    }
    printf("answered %lld, not answered %lld, longest %lld us\n", answered, failed, worst);
}
