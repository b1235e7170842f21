// The worker of the benchmarks: tells when its main began, and sleeps until it is killed.
//
//   worker FIFO NUMBER [LINES [READY]]
//   worker [NAME]
//
// Without these arguments it takes them from the file `arguments` in its working directory, so that supervisors which execute
// a program without arguments in a service's directory need no shell in between.
//
// It writes one record to FIFO: the time (CLOCK_MONOTONIC, nanoseconds), its process ID and NUMBER. With READY it then
// writes a newline to this descriptor, which tells s6 that it is ready. With LINES, if not 0, it then waits for SIGUSR1,
// prints so many lines to its standard output, and writes a second record.

#define _GNU_SOURCE

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct record {
    int64_t time;
    int32_t pid;
    int32_t number;
};

static struct record now(const char *number) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (struct record){(int64_t)time.tv_sec * 1000000000 + time.tv_nsec, getpid(), atoi(number)};
}

// A record is far shorter than PIPE_BUF, so those of many workers don't mix.
static void tell(const char *fifo, struct record record) {
    const int descriptor = open(fifo, O_WRONLY);
    if (write(descriptor, &record, sizeof record) != sizeof record) {
        _exit(1);
    }
    close(descriptor);
}

// Replaces the arguments by the words of the file `arguments`, of which there are up to four.
static int read_arguments(char **arguments) {
    static char text[512];
    const int descriptor = open("arguments", O_RDONLY | O_CLOEXEC);
    if (descriptor == -1 || read(descriptor, text, sizeof text - 1) == -1) {
        _exit(1);
    }
    close(descriptor);
    int count = 1;
    for (char *word = strtok(text, " \n"); word && count < 5; word = strtok(NULL, " \n")) {
        arguments[count++] = word;
    }
    return count;
}

int main(int count, char **arguments) {
    char *words[5] = {arguments[0]};
    // s6 gives it the service's name.
    if (count < 3) {
        count = read_arguments(words);
        arguments = words;
    }
    if (count < 3) {
        return 2;
    }
    sigset_t go;
    sigemptyset(&go);
    sigaddset(&go, SIGUSR1);
    sigprocmask(SIG_BLOCK, &go, NULL);
    tell(arguments[1], now(arguments[2]));
    if (count > 4) {
        const int ready = atoi(arguments[4]);
        if (write(ready, "\n", 1) != 1) {
            return 1;
        }
        close(ready);
    }
    if (count > 3 && atol(arguments[3]) > 0) {
        int number;
        sigwait(&go, &number);
        static const char line[] = "GET /index.html 200 1234 0.012 a line such as a server prints for each request\n";
        for (long left = atol(arguments[3]); left > 0; left--) {
            if (write(1, line, sizeof line - 1) < 0) {
                return 1;
            }
        }
        tell(arguments[1], now(arguments[2]));
    }
    while (1) {
        pause();
    }
}
