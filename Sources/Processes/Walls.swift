/// What a process is walled off from before its program is executed. The stage puts the walls up; see `Sources/cadre-stage`.
public struct Walls: Hashable, Sendable {
    /// What becomes of a path in the process's own view of the file system. Of two that lie in one another the inner one
    /// has its way.
    public struct Mount: Hashable, Sendable {
        /// What becomes of it.
        public enum Kind: Hashable, Sendable {
            /// It is as it is outside.
            case keep
            /// The same, and nothing can be written there.
            case readOnly
            /// Nothing of it can be seen.
            case inaccessible
            /// An empty directory, for everyone to write in.
            case temporary
            /// An empty directory that can't be written to.
            case empty
            /// A `/dev` of harmless devices.
            case devices
        }

        /// The absolute path; links are followed.
        public var path: String
        /// What becomes of it.
        public var kind: Kind
        /// Whether it doesn't matter if there is no such path.
        public var mayBeMissing: Bool

        /// A path and what becomes of it.
        public init(_ path: String, _ kind: Kind, mayBeMissing: Bool = false) {
            self.path = path
            self.kind = kind
            self.mayBeMissing = mayBeMissing
        }
    }

    /// The program that puts the walls up.
    public var stage: String
    /// What the process's own view of the file system has that is different; if empty it has none of its own.
    public var mounts: [Mount]
    /// Whether the process has a network of its own, in which there is nothing but itself.
    public var hasPrivateNetwork: Bool
    /// What Landlock lets it do; nil if it isn't asked.
    public var landlock: LandlockRules?
    /// Which system calls it may make; nil for all.
    public var filter: SystemCallProgram?

    /// Walls, by default none.
    public init(
        stage: String, mounts: [Mount] = [], hasPrivateNetwork: Bool = false, landlock: LandlockRules? = nil,
        filter: SystemCallProgram? = nil
    ) {
        self.stage = stage
        self.mounts = mounts
        self.hasPrivateNetwork = hasPrivateNetwork
        self.landlock = landlock
        self.filter = filter
    }
}

/// A filter of system calls as the kernel takes it (seccomp(2)).
public struct SystemCallProgram: Hashable, Sendable {
    /// The instructions, of eight bytes each.
    public let instructions: [UInt64]

    init(instructions: [UInt64]) {
        self.instructions = instructions
    }
}
