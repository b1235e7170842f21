import CCapabilities

/// A privilege of root's that a process may hold by itself: those the supervisor uses. See capabilities(7).
public enum Capability: String, CaseIterable, Hashable, Sendable {
    /// Change the group and the supplementary groups.
    case setGroupID = "CAP_SETGID"
    /// Change the user.
    case setUserID = "CAP_SETUID"
    /// Signal processes of other users.
    case kill = "CAP_KILL"
    /// Listen on ports below 1024.
    case bindPrivilegedPorts = "CAP_NET_BIND_SERVICE"
    /// Raise the priority of processes.
    case setPriority = "CAP_SYS_NICE"
    /// Raise resource limits.
    case systemResources = "CAP_SYS_RESOURCE"
    /// Change owners of files.
    case changeOwner = "CAP_CHOWN"
    /// Pass over the permissions of files.
    case overrideFilePermissions = "CAP_DAC_OVERRIDE"
    /// Change the bounding set of capabilities and the security bits.
    case setProcessCapabilities = "CAP_SETPCAP"
    /// Mount, and much else.
    case systemAdministration = "CAP_SYS_ADMIN"

    /// Whether this process may use it now.
    public var isEffective: Bool {
        guard let capabilities = cap_get_proc() else { return false }
        defer { cap_free(UnsafeMutableRawPointer(capabilities)) }
        var value = CAP_CLEAR
        return cap_get_flag(capabilities, number, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET
    }

    /// What to do if it is missing.
    public var remedy: String {
        "run the supervisor as root or give it \(rawValue) (AmbientCapabilities= in its unit)"
    }

    private var number: cap_value_t {
        switch self {
        case .setGroupID: CAP_SETGID
        case .setUserID: CAP_SETUID
        case .kill: CAP_KILL
        case .bindPrivilegedPorts: CAP_NET_BIND_SERVICE
        case .setPriority: CAP_SYS_NICE
        case .systemResources: CAP_SYS_RESOURCE
        case .changeOwner: CAP_CHOWN
        case .overrideFilePermissions: CAP_DAC_OVERRIDE
        case .setProcessCapabilities: CAP_SETPCAP
        case .systemAdministration: CAP_SYS_ADMIN
        }
    }
}
