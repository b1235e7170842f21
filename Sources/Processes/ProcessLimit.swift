import CLinux

/// A resource limit of a process, by the kernel's name in lower case. See getrlimit(2).
public enum ProcessLimit: String, CaseIterable, Hashable, Sendable, Codable, CodingKeyRepresentable {
    case addressSpace = "as"
    case core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack

    /// Whether it is an amount of bytes.
    public var isSize: Bool {
        switch self {
        case .addressSpace, .core, .data, .fsize, .memlock, .msgqueue, .rss, .stack: true
        case .cpu, .locks, .nice, .nofile, .nproc, .rtprio, .rttime, .sigpending: false
        }
    }

    var number: Int32 {
        switch self {
        case .addressSpace: Int32(RLIMIT_AS.rawValue)
        case .core: Int32(RLIMIT_CORE.rawValue)
        case .cpu: Int32(RLIMIT_CPU.rawValue)
        case .data: Int32(RLIMIT_DATA.rawValue)
        case .fsize: Int32(RLIMIT_FSIZE.rawValue)
        case .locks: Int32(__RLIMIT_LOCKS.rawValue)
        case .memlock: Int32(__RLIMIT_MEMLOCK.rawValue)
        case .msgqueue: Int32(__RLIMIT_MSGQUEUE.rawValue)
        case .nice: Int32(__RLIMIT_NICE.rawValue)
        case .nofile: Int32(RLIMIT_NOFILE.rawValue)
        case .nproc: Int32(__RLIMIT_NPROC.rawValue)
        case .rss: Int32(__RLIMIT_RSS.rawValue)
        case .rtprio: Int32(__RLIMIT_RTPRIO.rawValue)
        case .rttime: Int32(__RLIMIT_RTTIME.rawValue)
        case .sigpending: Int32(__RLIMIT_SIGPENDING.rawValue)
        case .stack: Int32(RLIMIT_STACK.rawValue)
        }
    }

    /// The value of a limit.
    public struct Value: Hashable, Sendable, Codable, CustomStringConvertible {
        /// What is enforced.
        public var soft: UInt64
        /// How far the process may raise what is enforced.
        public var hard: UInt64

        /// No bound (`RLIM_INFINITY`).
        public static let infinity = UInt64.max

        /// A value.
        public init(soft: UInt64, hard: UInt64) {
            self.soft = soft
            self.hard = hard
        }

        /// Such as `1024 (hard infinity)`.
        public var description: String {
            func text(_ number: UInt64) -> String { number == Self.infinity ? "infinity" : "\(number)" }
            return soft == hard ? text(soft) : "\(text(soft)) (hard \(text(hard)))"
        }
    }
}
