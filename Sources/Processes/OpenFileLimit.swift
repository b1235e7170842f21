import CLinux
public import Reactor

/// A limit of open files (`RLIMIT_NOFILE`, see getrlimit(2)).
public struct OpenFileLimit: Hashable, Sendable, CustomStringConvertible {
    /// What is enforced.
    public var soft: UInt64
    /// How far the process may raise what is enforced.
    public var hard: UInt64

    /// A limit.
    public init(soft: UInt64, hard: UInt64) {
        self.soft = soft
        self.hard = hard
    }

    /// This process's limit.
    public static func current() throws(SystemCallError) -> OpenFileLimit {
        var limit = rlimit()
        try systemCall("getrlimit", "RLIMIT_NOFILE") { getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        return OpenFileLimit(soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
    }

    /// Raises what is enforced on this process as far as it may be.
    ///
    /// The supervisor needs a few descriptors for each worker. The workers get the original back: programs that use
    /// select(2) break with descriptors above 1023, which is why the soft limit is as low as it is.
    ///
    /// - Returns: the limit as it was, to be restored in children.
    public static func raise() throws(SystemCallError) -> OpenFileLimit {
        let original = try current()
        var raised = rlimit(rlim_cur: rlim_t(original.hard), rlim_max: rlim_t(original.hard))
        try systemCall("setrlimit", "RLIMIT_NOFILE") { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) }
        return original
    }

    /// Such as `1024 (hard 524288)`.
    public var description: String {
        "\(soft) (hard \(hard))"
    }
}
