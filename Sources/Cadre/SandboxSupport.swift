import ControlGroups
import Processes
import Reactor
import Specification

/// The kinds of walls, each of which takes something else of the machine.
enum WallKind: CaseIterable, Hashable {
    /// A mount namespace.
    case mounts
    /// A network namespace.
    case network
    /// Landlock, for files.
    case landlockPaths
    /// Landlock, for TCP.
    case landlockPorts
    /// Landlock, for signals and sockets with abstract names.
    case landlockScopes
    /// A filter of system calls.
    case systemCalls
}

/// Which walls this process can have built on this machine.
struct SandboxSupport: Hashable {
    /// Whether it may make namespaces.
    var hasAdministration = true
    /// The version of Landlock; nil if the kernel has none.
    var landlock: Int? = 5
    /// Whether there is libseccomp.
    var hasFilters = true

    /// What can be had here and now.
    static func current() -> SandboxSupport {
        SandboxSupport(
            hasAdministration: Capability.systemAdministration.isEffective, landlock: try? LandlockRules.version(),
            hasFilters: SystemCallFilter.isAvailable)
    }

    /// Why there is no wall of a kind, as a sentence; nil if there is.
    func problem(_ kind: WallKind) -> String? {
        switch kind {
        case .mounts, .network:
            if hasAdministration { return nil }
            return "it needs CAP_SYS_ADMIN; \(Capability.systemAdministration.remedy)"
        case .landlockPaths:
            if landlock != nil { return nil }
            return "the kernel has no Landlock; it is built without, or booted without lsm=…,landlock"
        case .landlockPorts:
            if let landlock, landlock >= LandlockRules.versionOfPorts { return nil }
            return "Landlock restrains TCP from Linux 6.7 on"
        case .landlockScopes:
            if let landlock, landlock >= LandlockRules.versionOfScopes { return nil }
            return "Landlock has scopes from Linux 6.12 on"
        case .systemCalls:
            return hasFilters ? nil : "\(SystemCallFilterError.noLibrary)"
        }
    }

    /// What a sandbox has that can't be built.
    func missing(for sandbox: SandboxSpecification) -> [OmittedWall] {
        WallKind.allCases.flatMap { kind -> [OmittedWall] in
            guard let problem = problem(kind) else { return [] }
            return sandbox.omitting(kind, because: problem)
        }
    }

    /// What of a sandbox is weaker here than elsewhere.
    func weaknesses(of sandbox: SandboxSpecification) -> [OmittedWall] {
        guard let landlock, sandbox.landlock?.hasPaths == true, landlock < LandlockRules.versionOfTruncate else {
            return []
        }
        return [
            OmittedWall(
                key: "landlock (truncate)",
                reason:
                    "before Linux 6.2 Landlock doesn't keep files from being truncated where their permissions allow it"
            )
        ]
    }
}

extension SandboxSpecification {
    /// Its keys that take a wall of a kind.
    func keys(of kind: WallKind) -> [String] {
        switch kind {
        case .mounts:
            [
                ("private_tmp", privateTmp), ("protect_system", protectSystem != .none),
                ("protect_home", protectHome != .none), ("read_only_paths", !readOnlyPaths.isEmpty),
                ("read_write_paths", !readWritePaths.isEmpty), ("inaccessible_paths", !inaccessiblePaths.isEmpty),
                ("private_devices", privateDevices), ("protect_control_groups", protectControlGroups),
            ].filter(\.1).map(\.0)
        case .network: privateNetwork ? ["private_network"] : []
        case .landlockPaths:
            [
                ("landlock.read_only", landlock?.readOnly.isEmpty == false),
                ("landlock.read_write", landlock?.readWrite.isEmpty == false),
                ("landlock.execute", landlock?.execute.isEmpty == false),
            ].filter(\.1).map(\.0)
        case .landlockPorts:
            [
                ("landlock.tcp_bind", landlock?.tcpBind != nil), ("landlock.tcp_connect", landlock?.tcpConnect != nil),
            ].filter(\.1).map(\.0)
        case .landlockScopes: landlock?.scoped.isEmpty == false ? ["landlock.scoped"] : []
        case .systemCalls: systemCallFilter.isEmpty ? [] : ["system_call_filter"]
        }
    }

    /// What is missing of it without a kind of walls.
    func omitting(_ kind: WallKind, because reason: String) -> [OmittedWall] {
        keys(of: kind).map { OmittedWall(key: $0, reason: reason) }
    }
}
