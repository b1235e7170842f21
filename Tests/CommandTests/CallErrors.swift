import Glibc
import Reactor
import SystemPackage

/// With which errors a system call may fail, by its name as the test worker's `list-calls` tells it.
///
/// From the calls' pages in section 2 of the Linux manual (man-pages 6.03), and xattr(7), cgroups(7) and the kernel's
/// Documentation/admin-guide/cgroup-v2.rst for what is a cgroup's; `EDQUOT` is left out beside `ENOSPC`. Left out, too, is
/// what only a faulty program gets and no state of the machine explains: `EBADF`, `EFAULT`, most of `EINVAL`, `ENOTDIR`,
/// `ENOTSOCK` and the like.
enum CallErrors {
    /// The errors of the calls of a kind.
    static func errors(of kind: CallKind) throws -> [Int32] {
        guard let errors = table[kind.callAndObject] ?? table[kind.call] else {
            throw Unmet(expectation: "a line for \(kind.call) in the table of errors", lines: ["\(kind)"])
        }
        return errors
    }

    /// An error by its name.
    static func name(_ error: Int32) -> String {
        let text = Errno(rawValue: error).explanation
        return String(text[(text.lastIndex(of: "(") ?? text.startIndex)...].dropFirst().dropLast())
    }

    private static let table: [String: [Int32]] = [
        "access": [EACCES, EIO, ENOENT, ENOMEM],
        "accept4": [EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOMEM, EPERM],
        "bind": [EACCES, EADDRINUSE, ENOENT, ENOMEM, EROFS],
        "capset": [EPERM],
        "chdir": [EACCES, EIO, ENOENT, ENOMEM],
        "chmod": [EIO, ENOENT, ENOMEM, EPERM, EROFS],
        "chown": [EIO, ENOENT, ENOMEM, EPERM, EROFS],
        // EACCES, EBUSY and EOPNOTSUPP are of the cgroup; ENOSPC is of a nested pid namespace.
        "clone3": [EACCES, EAGAIN, EBUSY, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM],
        "close": [EINTR, EIO, ENOSPC],
        "close_range": [EMFILE, ENOMEM],
        "connect": [EACCES, EAGAIN, ECONNREFUSED, EINTR, ENOENT],
        "dup": [EMFILE],
        "dup2": [EBUSY, EINTR, EMFILE],
        // Of numbers that are open already.
        "dup3": [EBUSY, EINTR],
        "epoll_create1": [EMFILE, ENOMEM],
        "epoll_ctl-add": [ENOMEM, ENOSPC, EPERM],
        "epoll_ctl-modify": [ENOENT, ENOMEM],
        "epoll_ctl-delete": [ENOENT, ENOMEM],
        "epoll_pwait": [EINTR],
        "epoll_wait": [EINTR],
        "eventfd2": [EMFILE, ENFILE, ENODEV, ENOMEM],
        "execve": [
            E2BIG, EACCES, EAGAIN, EIO, EISDIR, ELIBBAD, ELOOP, EMFILE, ENFILE, ENOENT, ENOEXEC, ENOMEM, ENOTDIR, EPERM,
            ETXTBSY,
        ],
        "faccessat": [EACCES, EIO, ENOENT, ENOMEM],
        "fallocate": [EINTR, EIO, ENOSPC],
        "fchmod": [EIO, EPERM, EROFS],
        "fchown": [EIO, EPERM, EROFS],
        "fcntl-duplicate": [EMFILE],
        "fgetxattr": [ENODATA, ENOENT, EOPNOTSUPP, ERANGE],
        "flock": [EINTR, ENOLCK, EWOULDBLOCK],
        "fremovexattr": [ENODATA, EOPNOTSUPP, EPERM],
        "fsetxattr": [ENOENT, ENOSPC, EOPNOTSUPP, EPERM],
        "fstat": [ENOMEM],
        "fstatfs": [EINTR, EIO, ENOMEM],
        "futex": [EAGAIN, EINTR],
        "getdents64": [ENOENT],
        "getrandom": [EINTR],
        "getsockname": [ENOBUFS],
        "inotify_init1": [EMFILE, ENFILE, ENOMEM],
        "inotify_add_watch": [EACCES, ENOENT, ENOMEM, ENOSPC],
        // The watch is gone, as its file is.
        "inotify_rm_watch": [EINVAL],
        "ioctl": [ENOTTY],
        "kcmp": [EPERM],
        "listen": [EADDRINUSE],
        "lseek": [],
        "madvise": [EAGAIN, EIO, ENOMEM],
        "memfd_create": [EMFILE, ENFILE, ENOMEM],
        "mkdir": [EACCES, EEXIST, ENOENT, ENOMEM, ENOSPC, EROFS],
        // EAGAIN: too many below the root (cgroup.max.descendants).
        "mkdirat": [EACCES, EAGAIN, EEXIST, ENOENT, ENOMEM, ENOSPC, EROFS],
        "mprotect": [ENOMEM],
        "munmap": [ENOMEM],
        "newfstatat": [EACCES, ENOENT, ENOMEM],
        // ENODEV: of a cgroup that was removed meanwhile.
        "openat": [EACCES, EINTR, EMFILE, ENFILE, ENODEV, ENOENT, ENOMEM, EPERM],
        "openat-create": [EACCES, EINTR, EMFILE, ENFILE, ENOENT, ENOMEM, ENOSPC, EPERM, EROFS],
        "openat-write": [EACCES, EINTR, EMFILE, ENFILE, ENODEV, ENOENT, ENOMEM, EPERM, EROFS],
        "pidfd_open": [EMFILE, ENFILE, ENODEV, ENOMEM, ESRCH],
        "pidfd_send_signal": [EPERM, ESRCH],
        "pipe2": [EMFILE, ENFILE],
        "poll": [EINTR, ENOMEM],
        "prctl": [EPERM],
        "prlimit64": [EPERM],
        // ENODEV: of a cgroup that was removed meanwhile.
        "pread64": [EINTR, EIO],
        "pwrite64": [EINTR, EIO, ENOSPC],
        "read": [EAGAIN, EINTR, EIO, ENODEV, ENOMEM],
        "readlink": [EACCES, EIO, ENOENT, ENOMEM],
        "readlinkat": [EACCES, EIO, ENOENT, ENOMEM],
        "recvfrom": [EAGAIN, ECONNREFUSED, EINTR, ENOMEM],
        "recvfrom-peek": [EAGAIN, ECONNREFUSED, EINTR, ENOMEM],
        "recvmsg": [EAGAIN, ECONNREFUSED, EINTR, ENOMEM],
        "rename": [EACCES, EBUSY, ENOENT, ENOMEM, ENOSPC, EROFS],
        "renameat2": [EACCES, EBUSY, EINVAL, ENOENT, ENOMEM, ENOSPC, EROFS],
        "rmdir": [EACCES, EBUSY, ENOMEM, ENOTEMPTY, EROFS],
        "sched_getaffinity": [],
        // To the keeper, without which there is no supervisor: so none that says that the other end is gone.
        "sendmsg": [EAGAIN, EINTR, ENOBUFS, ENOMEM],
        "sendto": [EAGAIN, EINTR, ENOBUFS, ENOMEM],
        "setsid": [EPERM],
        "signalfd4": [EMFILE, ENFILE, ENODEV, ENOMEM],
        "socket": [EACCES, EMFILE, ENFILE, ENOBUFS, ENOMEM],
        "stat": [EACCES, ENOENT, ENOMEM],
        "statfs": [EACCES, EINTR, EIO, ENOENT, ENOMEM],
        "timerfd_create": [EMFILE, ENFILE, ENODEV, ENOMEM],
        // ENOENT says that it is gone, as was wished.
        "unlink": [EACCES, EBUSY, EIO, ENOMEM, EPERM, EROFS],
        "unlinkat": [EACCES, EBUSY, EIO, ENOMEM, EPERM, EROFS],
        "unlinkat-directory": [EACCES, EBUSY, ENOMEM, ENOTEMPTY, EROFS],
        // ECHILD says that there is nothing to reap; a child of ours is there until it is reaped.
        "waitid": [EINTR],
        "waitid-peek": [EINTR],
        "write": [EAGAIN, EBUSY, EINTR, EIO, ENODEV, ENOMEM, ENOSPC, EPERM, EPIPE],
        "writev": [EAGAIN, EINTR, EIO, ENOMEM, ENOSPC, EPERM, EPIPE],

        // Of an eventfd that can't be written to (EAGAIN) who reads it is awake already, so that a write that only seems to
        // fail tells nothing (eventfd(2)); timerfd_create(2), signalfd(2), inotify(7), kernfs of the kernel.
        "write eventfd": [], "read eventfd": [EAGAIN], "read timerfd": [EAGAIN], "read signalfd": [EAGAIN],
        "read inotify": [EAGAIN, EINTR],
        "write cgroup.kill": [EINTR, ENODEV, ENOMEM, EOPNOTSUPP],
        "write cgroup.freeze": [EINTR, ENODEV, ENOMEM],

        // What the manual has no error for that isn't the program's own fault, or none at all. A timer's ECANCELED is only
        // of those that heed changes of the clock.
        "capget": [], "clock_gettime": [], "fcntl": [], "exit": [], "exit_group": [], "getegid": [], "geteuid": [],
        "getpid": [], "getppid": [],
        "gettid": [], "getsockopt": [], "setsockopt": [], "rt_sigaction": [], "rt_sigprocmask": [], "sched_yield": [],
        "set_robust_list": [],
        "timerfd_settime": [], "umask": [],
        // Without memory for itself a Swift program can't go on; what becomes of one that ends there is another test.
        "brk": [], "mmap": [],
    ]
}

/// What kind of calls: `child execve TestWorker`.
struct CallKind: Hashable, CustomStringConvertible {
    let description: String

    /// The name of the call, and of its variant.
    var call: String { String(callAndObject.prefix { $0 != " " }) }

    /// The same, and what it is made on.
    var callAndObject: String { description.hasPrefix("child ") ? String(description.dropFirst(6)) : description }
}
