#include "worker.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

// A socket that is connected to NOTIFY_SOCKET.
static int notification_socket(void) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address.sun_path) {
        errno = path == NULL ? ENOENT : ENAMETOOLONG;
        fail("NOTIFY_SOCKET");
    }
    strcpy(address.sun_path, path);
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1 || connect(descriptor, (struct sockaddr *)&address, sizeof address) == -1) {
        fail("connect");
    }
    return descriptor;
}

void behave_flood(char **arguments) {
    const long long count = number(arguments[0]);
    const char *text = arguments[1];
    notify("READY=1");
    const int descriptor = notification_socket();
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (long long i = 0; count == 0 || i < count; i++) {
        // It waits while the socket is full.
        if (send(descriptor, text, strlen(text), MSG_NOSIGNAL) == -1) {
            fail("send");
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%lld\n", (after.tv_sec - before.tv_sec) * 1000LL + (after.tv_nsec - before.tv_nsec) / 1000000);
    pause_until_terminated();
}

void behave_shout(char **arguments) {
    const int descriptor = notification_socket();
    for (; *arguments != NULL; arguments++) {
        const size_t size = (size_t)number(*arguments);
        char *message = malloc(size + 8);
        if (message == NULL) {
            fail("malloc");
        }
        memset(message, 'x', size);
        memcpy(message, "STATUS=", size < 7 ? size : 7);
        const bool is_sent = send(descriptor, message, size, MSG_NOSIGNAL) != -1;
        printf("%zu bytes: %s\n", size, is_sent ? "sent" : strerror(errno));
        free(message);
    }
    notify("READY=1");
    pause_until_terminated();
}

void behave_swap_leaders(char **arguments) {
    const long long count = number(arguments[0]);
    pid_t processes[3] = {getpid()};
    for (int i = 1; i < 3; i++) {
        processes[i] = fork();
        if (processes[i] == -1) {
            fail("fork");
        }
        if (processes[i] == 0) {
            pause_for_ever();
        }
    }
    for (long long i = 1; i <= count; i++) {
        char text[64];
        snprintf(text, sizeof text, "MAINPID=%d", processes[i % 3]);
        notify(text);
    }
    char text[64];
    snprintf(text, sizeof text, "MAINPID=%d\\nREADY=1", processes[0]);
    notify(text);
    pause_until_terminated();
}
