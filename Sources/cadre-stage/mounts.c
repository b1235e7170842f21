// A worker's own view of the file system: mount_namespaces(7), open_tree(2), move_mount(2), mount_setattr(2).
//
// First a copy is taken of everything that is to be there afterwards as it is now, then the walls are put up from the root
// downwards, with those copies among them. So the inner path has its way, whatever the outer one does, and what was
// read-only before stays so.

#define _GNU_SOURCE

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

// A mount that is planned: where, what, and the copy that is put there.
struct wall {
    const struct cadre_stage_mount *mount;
    size_t index;
    char *path;
    bool is_directory;
    // Whether another one lies in it.
    bool has_inner;
    int copy;
};

// What there is in a private /dev, beside what systemd puts there as well: shared memory, terminals, message queues.
static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty", "pts", "shm", "mqueue", "hugepages"};
enum { device_count = sizeof devices / sizeof devices[0] };

static const char *const links[][2] = {
    {"pts/ptmx", "ptmx"},         {"/proc/self/fd", "fd"},       {"/proc/self/fd/0", "stdin"},
    {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"/run/systemd/journal/dev-log", "log"},
};

// As systemd's temporary file systems: what a worker leaves there is its cgroup's memory, and ends with it.
static const char temporary_options[] = "mode=1777,size=10%,nr_inodes=400k";
static const char empty_options[] = "mode=0755,size=64k,nr_inodes=1k";
// Of one in which something else of the plan lies, which is to be passed through.
static const char passed_options[] = "mode=0711,size=64k,nr_inodes=1k";
static const char closed_options[] = "mode=0000,size=64k,nr_inodes=1k";

_Noreturn static void fail(struct cadre_stage_plan *plan, const struct wall *wall) {
    stage_fail(plan, CADRE_STAGE_MOUNT, wall->index);
}

static int copy_of(const char *path) {
    return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

// Puts a copy at a path.
static int attach(int copy, const char *path) {
    return move_mount(copy, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
}

static int make_read_only(int directory, const char *path, unsigned flags) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    return mount_setattr(directory, path, flags, &attributes, sizeof attributes);
}

// The inner ones behind the outer ones; of one path, in the plan's order.
static int compare(const void *first, const void *second) {
    const struct wall *one = first, *other = second;
    const int result = strcmp(one->path, other->path);
    return result != 0 ? result : one->index < other->index ? -1 : 1;
}

// Finds what a mount is about while everything is where it was. Returns whether there is something to do.
static bool find(struct cadre_stage_plan *plan, struct wall *wall) {
    wall->path = realpath(stage_at(plan, wall->mount->path), NULL);
    struct stat status;
    if (wall->path == NULL || stat(wall->path, &status) != 0) {
        if (wall->mount->may_be_missing && (errno == ENOENT || errno == ENOTDIR)) {
            return false;
        }
        fail(plan, wall);
    }
    wall->is_directory = S_ISDIR(status.st_mode);
    wall->copy = -1;
    switch (wall->mount->kind) {
    case CADRE_STAGE_KEEP:
    case CADRE_STAGE_READ_ONLY:
        // The root stays what it is.
        if (strcmp(wall->path, "/") != 0 && (wall->copy = copy_of(wall->path)) == -1) {
            fail(plan, wall);
        }
        break;
    case CADRE_STAGE_INACCESSIBLE:
        if (!wall->is_directory && (wall->copy = copy_of("/dev/null")) == -1) {
            fail(plan, wall);
        }
        break;
    default:
        if (!wall->is_directory) {
            errno = ENOTDIR;
            fail(plan, wall);
        }
    }
    return true;
}

// Makes what a copy is put on, and the directories above it, if a wall took it away. The directories are for passing
// through; what is there stays as it is.
static int make_place(const char *path, bool is_directory) {
    struct stat status;
    if (stat(path, &status) == 0) {
        return 0;
    }
    char *parent = strdup(path);
    if (parent == NULL) {
        return -1;
    }
    for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, 0755) != 0 && errno != EEXIST) {
            return -1;
        }
        *slash = '/';
    }
    free(parent);
    if (is_directory) {
        return mkdir(path, 0755);
    }
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0000);
    return file == -1 ? -1 : close(file);
}

// A device node that can't be opened on that mount is what even root can't open.
static int close_off(const struct wall *wall) {
    if (wall->is_directory) {
        return mount("tmpfs", wall->path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                     wall->has_inner ? passed_options : closed_options);
    }
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    if (mount_setattr(wall->copy, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        return -1;
    }
    return attach(wall->copy, wall->path);
}

static int keep(const struct wall *wall, bool is_read_only) {
    if (wall->copy == -1) {
        return is_read_only ? make_read_only(AT_FDCWD, "/", AT_RECURSIVE) : 0;
    }
    if (is_read_only && make_read_only(wall->copy, "", AT_EMPTY_PATH | AT_RECURSIVE) != 0) {
        return -1;
    }
    return make_place(wall->path, wall->is_directory) != 0 ? -1 : attach(wall->copy, wall->path);
}

// Copies of the devices and not nodes of their own, which a container may forbid to make.
static int mount_devices(const struct wall *wall) {
    int copies[device_count];
    bool are_directories[device_count];
    char path[PATH_MAX];
    for (size_t i = 0; i < device_count; i++) {
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", wall->path, devices[i]);
        copies[i] = -1;
        if (stat(path, &status) == 0) {
            are_directories[i] = S_ISDIR(status.st_mode);
            if ((copies[i] = copy_of(path)) == -1) {
                return -1;
            }
        }
    }
    if (mount("tmpfs", wall->path, "tmpfs", MS_NOSUID | MS_NOEXEC, empty_options) != 0) {
        return -1;
    }
    for (size_t i = 0; i < device_count; i++) {
        snprintf(path, sizeof path, "%s/%s", wall->path, devices[i]);
        if (copies[i] == -1) {
            continue;
        }
        if (make_place(path, are_directories[i]) != 0 || attach(copies[i], path) != 0) {
            return -1;
        }
        close(copies[i]);
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", wall->path, links[i][1]);
        if (symlink(links[i][0], path) != 0) {
            return -1;
        }
    }
    return 0;
}

static int put_up(const struct wall *wall) {
    switch (wall->mount->kind) {
    case CADRE_STAGE_KEEP:
        return keep(wall, false);
    case CADRE_STAGE_READ_ONLY:
        return keep(wall, true);
    case CADRE_STAGE_INACCESSIBLE:
        return make_place(wall->path, wall->is_directory) != 0 ? -1 : close_off(wall);
    case CADRE_STAGE_TEMPORARY:
        return make_place(wall->path, true) != 0
                   ? -1
                   : mount("tmpfs", wall->path, "tmpfs", MS_NOSUID | MS_NODEV, temporary_options);
    case CADRE_STAGE_EMPTY:
        return make_place(wall->path, true) != 0
                   ? -1
                   : mount("tmpfs", wall->path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, empty_options);
    case CADRE_STAGE_DEVICES:
        return make_place(wall->path, true) != 0 ? -1 : mount_devices(wall);
    default:
        errno = EINVAL;
        return -1;
    }
}

// What was empty had to be written to for what lies in it.
static bool is_sealed_at_last(const struct wall *wall) {
    switch (wall->mount->kind) {
    case CADRE_STAGE_EMPTY:
    case CADRE_STAGE_DEVICES:
        return true;
    case CADRE_STAGE_INACCESSIBLE:
        return wall->is_directory;
    default:
        return false;
    }
}

static void find_inner(struct wall *walls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(walls[i].path);
        for (size_t j = i + 1; j < count; j++) {
            if (strncmp(walls[j].path, walls[i].path, length) == 0 && walls[j].path[length] == '/') {
                walls[i].has_inner = true;
            }
        }
    }
}

void stage_mount(struct cadre_stage_plan *plan) {
    // What is mounted outside later on still comes in, as systemd has it; nothing that is mounted in here gets out.
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) {
        stage_fail(plan, CADRE_STAGE_NAMESPACE, 0);
    }
    // What is made here has the permissions that it is made with.
    const mode_t mask = umask(0);
    const struct cadre_stage_mount *mounts = stage_at(plan, plan->mounts);
    struct wall *walls = calloc(plan->mount_count, sizeof *walls);
    if (walls == NULL) {
        stage_fail(plan, CADRE_STAGE_NAMESPACE, 0);
    }
    size_t count = 0;
    for (size_t i = 0; i < plan->mount_count; i++) {
        walls[count] = (struct wall){.mount = &mounts[i], .index = i};
        if (find(plan, &walls[count])) {
            count++;
        }
    }
    qsort(walls, count, sizeof *walls, compare);
    find_inner(walls, count);
    for (size_t i = 0; i < count; i++) {
        if (put_up(&walls[i]) != 0) {
            fail(plan, &walls[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_sealed_at_last(&walls[i]) && make_read_only(AT_FDCWD, walls[i].path, 0) != 0) {
            fail(plan, &walls[i]);
        }
        if (walls[i].copy != -1) {
            close(walls[i].copy);
        }
        free(walls[i].path);
    }
    free(walls);
    umask(mask);
    // The working directory was one outside.
    if (chdir("/") != 0) {
        stage_fail(plan, CADRE_STAGE_NAMESPACE, 0);
    }
}
