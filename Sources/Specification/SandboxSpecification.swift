public import Processes

/// What a service's workers are walled off from. Where systemd.exec(5) has an option of the same name, it means the same.
public struct SandboxSpecification: Hashable, Sendable, Codable {
    /// Whether `/tmp` and `/var/tmp` are the worker's own, empty at its start.
    public var privateTmp = false
    /// Which directories of the system can't be written to.
    public var protectSystem = SystemProtection.none
    /// What becomes of `/home`, `/root` and `/run/user`.
    public var protectHome = HomeProtection.none
    /// Where nothing can be written, with what is below. Each is an absolute path, a ``Template``, and may be missing after
    /// a leading `-`; the inner one of two paths that lie in one another has its way.
    public var readOnlyPaths: [String] = []
    /// Where things can be written all the same.
    public var readWritePaths: [String] = []
    /// What can't be seen at all.
    public var inaccessiblePaths: [String] = []
    /// Whether `/dev` has harmless devices only.
    public var privateDevices = false
    /// Whether the worker has a network of its own, in which there is nothing; sockets that it is passed are of the host's.
    public var privateNetwork = false
    /// Whether cgroups can't be written to, its own limits among them.
    public var protectControlGroups = false
    /// What Landlock lets it do; nil if it isn't asked.
    public var landlock: LandlockSpecification?
    /// The system calls, and groups of them, that may be made; or, if the first begins with `~`, that may not.
    public var systemCallFilter: [String] = []
    /// The error, such as `EPERM`, with which other system calls fail; nil if they are the process's end.
    public var systemCallErrorNumber: String?
    /// Whether a wall that the kernel can't build is left out, with a warning, instead of being an error.
    public var isBestEffort = false

    /// Which directories can't be written to.
    public enum SystemProtection: String, CaseIterable, Hashable, Sendable, Codable {
        /// None.
        case none
        /// `/usr` and where the system boots from.
        case system
        /// These and `/etc`.
        case full
        /// All but `/dev`, `/proc` and `/sys`.
        case strict
    }

    /// What becomes of the directories of people.
    public enum HomeProtection: String, CaseIterable, Hashable, Sendable, Codable {
        /// Nothing.
        case none
        /// They can't be seen.
        case inaccessible
        /// They can't be written to.
        case readOnly
        /// They are empty.
        case tmpfs
    }

    /// No walls.
    public init() {}

    /// Whether there are any walls.
    public var hasWalls: Bool {
        var plain = SandboxSpecification()
        plain.isBestEffort = isBestEffort
        return self != plain
    }

    /// Whether it takes a mount namespace.
    public var hasMounts: Bool {
        privateTmp || protectSystem != .none || protectHome != .none || privateDevices || protectControlGroups
            || !(readOnlyPaths + readWritePaths + inaccessiblePaths).isEmpty
    }
}

/// What Landlock lets workers do (landlock(7)); it takes no privileges.
public struct LandlockSpecification: Hashable, Sendable, Codable {
    /// Paths below which files may be read; like those of ``SandboxSpecification/readOnlyPaths``.
    public var readOnly: [String] = []
    /// Paths below which files may be read, written, made and removed.
    public var readWrite: [String] = []
    /// Paths below which files may be read and executed.
    public var execute: [String] = []
    /// The TCP ports to which sockets may be bound; nil for all.
    public var tcpBind: [UInt16]?
    /// The TCP ports to which connections may be made; nil for all.
    public var tcpConnect: [UInt16]?
    /// What does not reach beyond the worker's own processes; in the order of the file.
    public var scoped: [LandlockRules.Scope] = []

    /// No rules.
    public init() {}

    /// Whether it restrains access to files.
    public var hasPaths: Bool { !(readOnly + readWrite + execute).isEmpty }
    /// Whether it restrains TCP.
    public var hasPorts: Bool { tcpBind != nil || tcpConnect != nil }
}
