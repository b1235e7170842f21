import CLinux
public import Reactor

/// What Landlock lets a process do, which it and its children can't widen. It takes no privileges. See landlock(7).
public struct LandlockRules: Hashable, Sendable {
    /// What the process may do with paths and what is below them.
    public enum Access: Hashable, Sendable {
        /// Read files and directories.
        case read
        /// The same, and execute files.
        case execute
        /// Read, write, make, rename and remove files and directories; not execute them.
        case write
    }

    /// A path, and what may be done there.
    public struct Path: Hashable, Sendable {
        /// The absolute path.
        public var path: String
        /// What may be done there.
        public var access: Access
        /// Whether it doesn't matter if there is no such path.
        public var mayBeMissing: Bool

        /// A path, and what may be done there.
        public init(_ path: String, _ access: Access, mayBeMissing: Bool = false) {
            self.path = path
            self.access = access
            self.mayBeMissing = mayBeMissing
        }
    }

    /// What the process may only do to those that are restrained together with it: its children.
    public enum Scope: String, CaseIterable, Hashable, Sendable, Codable {
        /// Connect to Unix sockets with abstract names.
        case abstractUnixSocket = "abstract_unix_socket"
        /// Send signals.
        case signal
    }

    /// The paths; of files nothing else may be opened. Nil if files are none of its business.
    public var paths: [Path]?
    /// The TCP ports to which sockets may be bound; nil for all.
    public var bindPorts: [UInt16]?
    /// The TCP ports to which connections may be made; nil for all.
    public var connectPorts: [UInt16]?
    /// What doesn't reach beyond the process and its children.
    public var scoped: Set<Scope>

    /// Rules, by default none.
    public init(
        paths: [Path]? = nil, bindPorts: [UInt16]? = nil, connectPorts: [UInt16]? = nil, scoped: Set<Scope> = []
    ) {
        self.paths = paths
        self.bindPorts = bindPorts
        self.connectPorts = connectPorts
        self.scoped = scoped
    }

    /// The version from which on the kernel restrains TCP: Linux 6.7.
    public static let versionOfPorts = 4
    /// The version from which on the kernel has scopes: Linux 6.12.
    public static let versionOfScopes = 6
    /// The version from which on the kernel restrains truncate(2): Linux 6.2.
    public static let versionOfTruncate = 3

    /// The version of Landlock that this machine's kernel has.
    public static func version() throws(SystemCallError) -> Int {
        Int(try systemCall("landlock_create_ruleset") { cadre_landlock_version() })
    }
}

/// The kernel's bits (`linux/landlock.h`), which headers older than the kernel don't all have.
enum LandlockBits {
    static let execute: UInt64 = 1 << 0
    private static let writeFile: UInt64 = 1 << 1
    static let read: UInt64 = 1 << 2 | 1 << 3
    /// Removing, and making files of each kind.
    private static let directories: UInt64 = 0b1_1111_1111 << 4
    /// Moving files to other directories; from version 2 on. Before, that is always forbidden.
    private static let refer: UInt64 = 1 << 13
    private static let truncate: UInt64 = 1 << 14
    /// Controlling devices; from version 5 on.
    private static let controlDevice: UInt64 = 1 << 15

    static let bind: UInt64 = 1 << 0
    static let connect: UInt64 = 1 << 1

    static func scope(_ scope: LandlockRules.Scope) -> UInt64 {
        switch scope {
        case .abstractUnixSocket: 1 << 0
        case .signal: 1 << 1
        }
    }

    /// All that can be done to files, as far as a version of Landlock knows of it.
    static func files(version: Int) -> UInt64 {
        var bits = execute | writeFile | read | directories
        if version >= 2 { bits |= refer }
        if version >= LandlockRules.versionOfTruncate { bits |= truncate }
        if version >= 5 { bits |= controlDevice }
        return bits
    }

    static func files(_ access: LandlockRules.Access, version: Int) -> UInt64 {
        switch access {
        case .read: read
        case .execute: read | execute
        case .write: files(version: version) & ~execute
        }
    }
}
