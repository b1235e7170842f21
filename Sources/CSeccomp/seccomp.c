// The functions of libseccomp that are needed here, which have been the same since 2.0: declared here and looked up in the
// library, so that it is a matter of the machine on which Cadre runs whether there are filters.

#define _GNU_SOURCE

#include "cadre_seccomp.h"

#include "CLinux.h"

#include <dlfcn.h>

// seccomp_init(3), and what it calls SCMP_ACT_… and __NR_SCMP_ERROR.
enum { action_kill = 0x80000000, action_errno = 0x00050000, action_allow = 0x7fff0000 };

static struct {
    void *(*init)(uint32_t action);
    void (*release)(void *filter);
    int (*resolve)(const char *name);
    int (*add)(void *filter, uint32_t action, int call, unsigned count, const void *arguments);
    int (*export)(const void *filter, int descriptor);
} library;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_available;

static void load(void) {
    void *handle = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        return;
    }
    *(void **)&library.init = dlsym(handle, "seccomp_init");
    *(void **)&library.release = dlsym(handle, "seccomp_release");
    *(void **)&library.resolve = dlsym(handle, "seccomp_syscall_resolve_name");
    *(void **)&library.add = dlsym(handle, "seccomp_rule_add_array");
    *(void **)&library.export = dlsym(handle, "seccomp_export_bpf");
    is_available = library.init != NULL && library.release != NULL && library.resolve != NULL && library.add != NULL
                   && library.export != NULL;
}

bool cadre_seccomp_is_available(void) {
    pthread_once(&once, load);
    return is_available;
}

int cadre_seccomp_resolve(const char *name) {
    return library.resolve(name);
}

static uint32_t action_of(int number) {
    return number == -1 ? (uint32_t)action_kill : number == 0 ? (uint32_t)action_allow : (uint32_t)(action_errno | number);
}

// What was exported into a file in memory. Returns as cadre_seccomp_compile() does.
static ssize_t read_program(int file, uint64_t **program) {
    struct stat status;
    if (fstat(file, &status) != 0) {
        return -1;
    }
    const size_t size = (size_t)status.st_size;
    *program = malloc(size);
    if (*program == NULL || pread(file, *program, size, 0) != (ssize_t)size) {
        free(*program);
        return -1;
    }
    return (ssize_t)(size / sizeof **program);
}

ssize_t cadre_seccomp_compile(const int *calls, size_t count, int action, int other, uint64_t **program) {
    void *filter = library.init(action_of(other));
    if (filter == NULL) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t result = -1;
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        error = -library.add(filter, action_of(action), calls[i], 0, NULL);
    }
    const int file = error == 0 ? cadre_memory_file("cadre-seccomp") : -1;
    if (file != -1) {
        error = -library.export(filter, file);
        if (error == 0) {
            result = read_program(file, program);
        }
        close(file);
    }
    library.release(filter);
    if (error != 0) {
        errno = error;
    }
    return result;
}
