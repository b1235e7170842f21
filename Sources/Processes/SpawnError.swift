import CLinux
import Reactor
public import SystemPackage

/// A process that could not be started: at which step, on what, and why.
public struct SpawnError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the supervisor, and then the child before it executes its program, does in turn.
    public enum Step: CaseIterable, Hashable, Sendable {
        /// What is to be executed is looked at.
        case arguments
        /// The child is made, in its cgroup.
        case clone
        /// Signal handlers and mask are reset.
        case signals
        /// The child becomes the leader of a session.
        case session
        /// The descriptors are put in their places, all others are closed.
        case descriptors
        /// Resource limits are set.
        case limits
        /// The supplementary groups are set.
        case groups
        /// The group is set.
        case group
        /// The user is set.
        case user
        /// The ambient capabilities are dropped.
        case capabilities
        /// `PR_SET_NO_NEW_PRIVS`.
        case noNewPrivileges
        /// The working directory is entered.
        case directory
        /// The program is executed.
        case exec
    }

    /// Where it failed.
    public let step: Step
    /// The reason the kernel gave.
    public let errno: Errno
    /// What it was done to: a path, a cgroup, a user. Empty if there is nothing to name.
    public let object: String
    /// What is behind the reason, or what to do about it. Empty if there is nothing to add.
    public let remedy: String

    /// Whether the system, not the request, is at fault, so that the same spawn may succeed later.
    public var isExhaustion: Bool { errno.isExhaustion }

    /// A sentence such as `exec /srv/app: No such file or directory (ENOENT)`.
    public var description: String {
        let subject = object.isEmpty ? step.action : "\(step.action) \(object)"
        return "\(subject): \(errno.explanation)\(remedy.isEmpty ? "" : "; \(remedy)")"
    }
}

extension SpawnError.Step {
    fileprivate var action: String {
        switch self {
        case .arguments: "prepare"
        case .clone: "clone into cgroup"
        case .signals: "reset signal"
        case .session: "create a session"
        case .descriptors: "place descriptor"
        case .limits: "set the limit of open files"
        case .groups: "set supplementary groups"
        case .group: "change to group"
        case .user: "change to user"
        case .capabilities: "drop ambient capabilities"
        case .noNewPrivileges: "set no_new_privs"
        case .directory: "change directory to"
        case .exec: "exec"
        }
    }

    fileprivate init(_ step: cadre_spawn_step) {
        switch step {
        case CADRE_SPAWN_CLONE: self = .clone
        case CADRE_SPAWN_SIGNALS: self = .signals
        case CADRE_SPAWN_SESSION: self = .session
        case CADRE_SPAWN_DESCRIPTORS: self = .descriptors
        case CADRE_SPAWN_LIMITS: self = .limits
        case CADRE_SPAWN_GROUPS: self = .groups
        case CADRE_SPAWN_GROUP: self = .group
        case CADRE_SPAWN_USER: self = .user
        case CADRE_SPAWN_CAPABILITIES: self = .capabilities
        case CADRE_SPAWN_NO_NEW_PRIVILEGES: self = .noNewPrivileges
        case CADRE_SPAWN_DIRECTORY: self = .directory
        default: self = .exec  // A C enumeration is open to Swift; this is the only one left.
        }
    }
}

extension SpawnError {
    /// What the C side reports, put in words.
    init(of call: cadre_spawn, _ request: SpawnRequest, candidates: [String]) {
        let step = Step(call.failed_step)
        let errno = Errno(rawValue: call.error)
        let object =
            switch step {
            case .clone: request.controlGroup.map(path(ofDescriptor:)) ?? "of the supervisor"
            case .signals: "\(call.failed_index)"
            case .descriptors: "\(call.failed_index)"
            case .limits: request.openFileLimit.map { "to \($0)" } ?? ""
            case .groups: request.credentials.map { "\($0.groups)" } ?? ""
            case .group: request.credentials.map { "\($0.group)" } ?? ""
            case .user: request.credentials.map { "\($0.user)" } ?? ""
            case .directory: request.workingDirectory ?? ""
            case .exec where errno == .noSuchFileOrDirectory: request.arguments.first ?? ""
            case .exec: candidates[call.failed_index]
            case .arguments, .session, .capabilities, .noNewPrivileges: ""
            }
        self.init(step: step, errno: errno, object: object, remedy: "")
        self = Self(step: step, errno: errno, object: object, remedy: remedy(request, candidates))
    }

    private func remedy(_ request: SpawnRequest, _ candidates: [String]) -> String {
        switch (step, errno) {
        case (.clone, .resourceTemporarilyUnavailable):
            "the pids limit (pids.max) of this cgroup or of one above it is reached, "
                + "or the user's limit of processes (RLIMIT_NPROC)"
        case (.clone, .resourceBusy):
            "controllers are enabled for what is below this cgroup, so it can't hold processes itself"
        case (.clone, .notSupportedOnSocket):
            "the cgroup is threaded or in an invalid domain (see its cgroup.type)"
        case (.clone, .permissionDenied), (.clone, .notPermitted):
            "the supervisor needs write access to cgroup.procs here and in the cgroup above both (Delegate=)"
        case (.clone, Errno(rawValue: ENODEV)), (.clone, .noSuchFileOrDirectory):
            "the cgroup was removed"
        case (.clone, .invalidArgument), (.clone, .argListTooLong):
            "Linux 5.7 or later is needed (CLONE_INTO_CGROUP)"
        case (.clone, .noFunction):
            "Linux 5.7 or later is needed, and no seccomp filter that forbids clone3"
        case (.groups, .notPermitted), (.group, .notPermitted):
            Capability.setGroupID.remedy
        case (.user, .notPermitted):
            Capability.setUserID.remedy
        case (.limits, .notPermitted):
            Capability.systemResources.remedy
        case (.exec, .execFormatError):
            "it is no program for this machine, or a script without a first line such as #!/bin/sh"
        case (.exec, .permissionDenied):
            "the file isn't executable, its file system is mounted noexec, or the user may not enter its directory"
        case (.exec, .argListTooLong):
            "the arguments and the environment are too long together"
        case (.exec, .noSuchFileOrDirectory):
            absence(request, candidates)
        default:
            ""
        }
    }

    /// Why there was nothing to execute: no such file, or a file whose interpreter is missing.
    private func absence(_ request: SpawnRequest, _ candidates: [String]) -> String {
        for candidate in candidates {
            let path = candidate.hasPrefix("/") ? candidate : "\(request.workingDirectory ?? ".")/\(candidate)"
            if access(path, X_OK) == 0 {
                return "\(path) exists but its interpreter (the one after #!, or the dynamic linker) doesn't"
            }
        }
        return candidates == [object] ? "" : "it is in none of the directories of PATH (\(request.searchPath))"
    }
}

/// What the kernel calls an open descriptor's file, for messages.
private func path(ofDescriptor descriptor: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
        guard let start = buffer.baseAddress else { return "" }
        let count = readlink("/proc/self/fd/\(descriptor)", start, buffer.count - 1)
        if count < 0 { return "of descriptor \(descriptor)" }
        start[count] = 0
        return String(cString: start)
    }
}
