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
        /// `oom_score_adj` is written.
        case outOfMemoryScore
        /// The processors that it may use are set.
        case processors
        /// The policy by which processors are shared is set.
        case schedulingPolicy
        /// The niceness is set.
        case niceness
        /// The priority for disks is set.
        case ioPriority
        /// Resource limits are set.
        case limits
        /// Capabilities are dropped from the bounding set.
        case boundingSet
        /// The security bits (capabilities(7)) are locked.
        case securityBits
        /// The supplementary groups are set.
        case groups
        /// The group is set.
        case group
        /// The user is set.
        case user
        /// The permitted, effective and inheritable capabilities are set.
        case capabilities
        /// The ambient capabilities are dropped or set.
        case ambientSet
        /// `PR_SET_NO_NEW_PRIVS`.
        case noNewPrivileges
        /// The stage is executed, which does what is left if the process has walls.
        case stage
        /// It enters a network of its own.
        case network
        /// It enters a mount namespace of its own.
        case mountNamespace
        /// It changes what is at a path there.
        case mount
        /// It adds a path to what Landlock allows.
        case landlockRule
        /// It restricts itself by Landlock.
        case landlock
        /// It restricts itself to some system calls.
        case systemCallFilter
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
    public internal(set) var remedy: String

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
        case .outOfMemoryScore: "set oom_score_adj"
        case .processors: "set the processors"
        case .schedulingPolicy: "set the scheduling policy"
        case .niceness: "set the niceness"
        case .ioPriority: "set the I/O scheduling class"
        case .limits: "set the limit"
        case .boundingSet: "drop from the bounding set"
        case .securityBits: "lock the security bits"
        case .groups: "set supplementary groups"
        case .group: "change to group"
        case .user: "change to user"
        case .capabilities: "reduce the capabilities to"
        case .ambientSet: "set ambient capabilities"
        case .noNewPrivileges: "set no_new_privs"
        case .stage: "run the stage"
        case .network: "enter a private network"
        case .mountNamespace: "enter a mount namespace"
        case .mount: "put up the sandbox's wall at"
        case .landlockRule: "add to what Landlock allows"
        case .landlock: "restrict by Landlock"
        case .systemCallFilter: "restrict system calls"
        case .directory: "change directory to"
        case .exec: "exec"
        }
    }

    fileprivate init(of call: cadre_spawn) {
        switch call.failed_step {
        case CADRE_SPAWN_CLONE: self = .clone
        case CADRE_SPAWN_SIGNALS: self = .signals
        case CADRE_SPAWN_SESSION: self = .session
        case CADRE_SPAWN_DESCRIPTORS: self = .descriptors
        case CADRE_SPAWN_SCHEDULING: self = Self(call.failed_scheduling)
        case CADRE_SPAWN_LIMITS: self = .limits
        case CADRE_SPAWN_PRIVILEGES: self = Self(call.failed_privilege)
        case CADRE_SPAWN_DIRECTORY: self = .directory
        default: self = .exec  // A C enumeration is open to Swift; this is the only one left.
        }
    }

    private init(_ step: cadre_scheduling_step) {
        switch step {
        case CADRE_SCHEDULING_OUT_OF_MEMORY_SCORE: self = .outOfMemoryScore
        case CADRE_SCHEDULING_PROCESSORS: self = .processors
        case CADRE_SCHEDULING_POLICY: self = .schedulingPolicy
        case CADRE_SCHEDULING_NICENESS: self = .niceness
        default: self = .ioPriority  // The only one left.
        }
    }

    private init(_ step: cadre_privileges_step) {
        switch step {
        case CADRE_PRIVILEGES_BOUNDING_SET: self = .boundingSet
        case CADRE_PRIVILEGES_SECURITY_BITS: self = .securityBits
        case CADRE_PRIVILEGES_GROUPS: self = .groups
        case CADRE_PRIVILEGES_GROUP: self = .group
        case CADRE_PRIVILEGES_USER: self = .user
        case CADRE_PRIVILEGES_CAPABILITIES: self = .capabilities
        case CADRE_PRIVILEGES_AMBIENT_SET: self = .ambientSet
        default: self = .noNewPrivileges  // The only one left.
        }
    }
}

extension SpawnError {
    /// What the C side reports, put in words.
    init(of call: cadre_spawn, _ request: SpawnRequest, candidates: [String]) {
        let step = Step(of: call)
        let errno = Errno(rawValue: call.error)
        let object =
            switch step {
            case .clone: request.controlGroup.map(path(ofDescriptor:)) ?? "of the supervisor"
            case .signals: "\(call.failed_index)"
            case .descriptors: "\(call.failed_index)"
            case .outOfMemoryScore: request.surroundings.scheduling.outOfMemoryScore.map { "to \($0)" } ?? ""
            case .processors: request.surroundings.scheduling.processors.map { "to \($0)" } ?? ""
            case .schedulingPolicy: request.surroundings.scheduling.policy.map { "to \($0)" } ?? ""
            case .niceness: request.surroundings.scheduling.niceness.map { "to \($0)" } ?? ""
            case .ioPriority: request.surroundings.scheduling.ioClass.map { "to \($0.rawValue)" } ?? ""
            case .limits: Self.describe(request.surroundings.allLimits[call.failed_index])
            case .groups: request.surroundings.credentials.map { "\($0.groups)" } ?? ""
            case .group: request.surroundings.credentials.map { "\($0.group)" } ?? ""
            case .user: request.surroundings.credentials.map { "\($0.user)" } ?? ""
            case .directory: request.workingDirectory ?? ""
            case .exec where errno == .noSuchFileOrDirectory: request.arguments.first ?? ""
            case .exec: candidates[call.failed_index]
            case .boundingSet: "\(CapabilitySet(number: call.failed_index))"
            case .capabilities: request.surroundings.capabilities.map { $0.isEmpty ? "none" : "\($0)" } ?? ""
            case .arguments, .session, .securityBits, .ambientSet, .noNewPrivileges: ""
            // The stage's, which tells of its own failures.
            case .stage, .network, .mountNamespace, .mount, .landlockRule, .landlock, .systemCallFilter: ""
            }
        self.init(step: step, errno: errno, object: object, remedy: "")
        self = Self(step: step, errno: errno, object: object, remedy: remedy(request, candidates))
    }

    /// `nofile to 1024 (hard 4096)`.
    private static func describe(_ limit: (limit: ProcessLimit, value: ProcessLimit.Value)) -> String {
        "\(limit.limit.rawValue) to \(limit.value)"
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
        case (.boundingSet, .notPermitted), (.securityBits, .notPermitted):
            Capability.setProcessCapabilities.remedy
        case (.capabilities, .notPermitted), (.ambientSet, .notPermitted):
            "the supervisor can't give what it doesn't have; it needs them itself (AmbientCapabilities= in its unit, or "
                + "CapabilityBoundingSet= if it runs as root)"
        case (.limits, .notPermitted):
            "to raise it above the supervisor's own, " + Capability.systemResources.remedy
        case (.outOfMemoryScore, .permissionDenied):
            "to lower it below the supervisor's own, " + Capability.systemResources.remedy
        case (.schedulingPolicy, .notPermitted), (.niceness, .permissionDenied), (.niceness, .notPermitted),
            (.ioPriority, .notPermitted):
            Capability.setPriority.remedy
        case (.processors, .invalidArgument):
            "none of them is there, or the supervisor's cgroup may use none of them (cpuset.cpus.effective)"
        case (.directory, .permissionDenied), (.directory, .noSuchFileOrDirectory), (.directory, .notDirectory):
            request.workingDirectory.flatMap {
                DirectoryAccess.problem(
                    with: $0, for: request.surroundings.credentials, capabilities: request.surroundings.capabilities)
            } ?? ""
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
