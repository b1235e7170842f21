public import Reactor
public import SystemPackage

/// Why something could not be done with a cgroup.
public enum ControlGroupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed, and its own words say enough.
    case system(SystemCallError)
    /// No cgroup v2 hierarchy is mounted, or this process is in none.
    case notMounted
    /// This process's cgroup (a path as in `/proc/self/cgroup`) is not below any mount of cgroup v2 that it sees.
    case outsideOfMount(cgroup: String)
    /// The directory is no cgroup of version 2.
    case notACgroup(path: String)
    /// The cgroup file system is mounted read-only.
    case readOnly(path: String)
    /// This process may not change the cgroup.
    case notPermitted(path: String)
    /// Another supervisor holds the cgroup.
    case locked(path: String)
    /// The cgroup was to be removed as an earlier supervisor's, and has no mark of one.
    case notAbandoned(path: String)
    /// The cgroup was to be removed, and this very process is in it.
    case inside(path: String)
    /// There is no `cgroup.kill` in the cgroup.
    case killUnsupported(path: String)
    /// Processes are left in the cgroup although they were killed and the time given for it is over.
    case stillPopulated(path: String, processes: [Int32])
    /// A limit needs a controller that the cgroup does not have.
    case controllerUnavailable(limit: String, controller: Controller, path: String, reason: String?)
    /// The controller is there, but the kernel does not offer this limit.
    case limitUnsupported(limit: String, path: String)
    /// The kernel refused a limit's value.
    case limitRefused(limit: String, value: String, path: String, errno: Errno)

    /// The limit, by its file's name, that could not be set; nil for other errors.
    public var limit: String? {
        switch self {
        case .controllerUnavailable(let limit, _, _, _), .limitUnsupported(let limit, _),
            .limitRefused(let limit, _, _, _):
            limit
        case .system, .notMounted, .outsideOfMount, .notACgroup, .readOnly, .notPermitted, .locked, .notAbandoned,
            .inside, .killUnsupported, .stillPopulated:
            nil
        }
    }

    /// A sentence that says what failed and what to do.
    public var description: String {
        switch self {
        case .system(let error):
            "\(error)"
        case .notMounted:
            "no cgroup v2 hierarchy is mounted; boot with systemd.unified_cgroup_hierarchy=1, "
                + "or mount one: mount -t cgroup2 none /sys/fs/cgroup"
        case .outsideOfMount(let cgroup):
            "the cgroup of this process, \(cgroup), is outside of every cgroup2 mount that it can see; "
                + "give the container a cgroup namespace of its own (--cgroupns=private) or name a cgroup explicitly"
        case .notACgroup(let path):
            "\(path) is no cgroup v2 directory; /proc/self/mountinfo shows where cgroup2 is mounted"
        case .readOnly(let path):
            "\(path) is on a read-only mount of the cgroup file system; mount it writable "
                + "(for a container: a private cgroup namespace with a writable /sys/fs/cgroup)"
        case .notPermitted(let path):
            "this user may not change the cgroup \(path); start cadre from a unit with Delegate=yes and User= set to it, "
                + "by its own user manager (systemctl --user), or as root"
        case .locked(let path):
            "another supervisor holds the cgroup \(path); stop that one first, or give this one another cgroup"
        case .notAbandoned(let path):
            "\(path) has no mark of a supervisor of this user, so it is left alone"
        case .inside(let path):
            "this very command runs in \(path), which is to be removed; run it elsewhere"
        case .killUnsupported(let path):
            "\(path) has no cgroup.kill, so its processes cannot be killed as a whole; "
                + "cadre needs Linux 5.14 or newer, and a cgroup other than the root"
        case .stillPopulated(let path, let processes):
            "\(path) still holds processes after it was killed"
                + (processes.isEmpty ? "" : " (\(listed(processes)))")
                + "; they hang in the kernel (state D in ps), mostly on a disk or network file system"
        case .controllerUnavailable(let limit, let controller, let path, let reason):
            "\(limit) needs the \(controller.rawValue) controller, which \(path) does not have: "
                + (reason
                    ?? "it was not delegated; set Delegate=yes in the unit. \(Controller.userManagerRemedy). "
                    + "Where it can't be had, as in some containers, --best-effort-limits leaves such limits out")
        case .limitUnsupported(let limit, let path):
            "\(path) has no \(limit): \(ResourceLimits.whyMissing(limit))"
        case .limitRefused(let limit, let value, let path, let errno):
            "the kernel refused \"\(value)\" for \(limit) of \(path): \(errno.explanation)"
                + (ResourceLimits.range(of: limit).map { "; \($0)" } ?? "")
        }
    }
}

extension ControlGroupError {
    /// The error of a call that changes the cgroup at `path`, told in terms of what the user can change.
    static func access(_ error: SystemCallError, path: String) -> ControlGroupError {
        switch error.errno {
        case .readOnlyFileSystem: .readOnly(path: path)
        case .permissionDenied, .notPermitted: .notPermitted(path: path)
        default: .system(error)
        }
    }
}

/// Process numbers for a message, not more than a reader wants to see.
func listed(_ processes: [Int32]) -> String {
    let shown = processes.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "pid \(shown)\(processes.count > 8 ? " and \(processes.count - 8) more" : "")"
}

/// Runs what throws the error of a system call for a caller that throws this module's.
func rethrowing<Result: ~Copyable>(
    _ body: () throws(SystemCallError) -> Result
) throws(ControlGroupError) -> Result {
    do {
        return try body()
    } catch {
        throw .system(error)
    }
}
