/// How a process shares the machine with others. What is nil is left as the supervisor has it.
public struct Scheduling: Hashable, Sendable, Codable {
    /// How little of busy processors it wants, from -20 to 19 (`Nice=` in systemd.exec(5)).
    public var niceness: Int?
    /// How much rather than others the kernel kills it when the machine is out of memory, from -1000, never, to 1000
    /// (`OOMScoreAdjust=`).
    public var outOfMemoryScore: Int?
    /// The only processors that it may use, in order; nil for all that the supervisor may.
    public var processors: [Int]?
    /// How the processors are shared (sched(7)).
    public var policy: Policy?
    /// Its priority among those with the same policy, 1 to 99; only for a real-time policy, which has 1 without it.
    public var priority: Int?
    /// How busy disks are shared (ioprio_set(2)); only some I/O schedulers heed it.
    public var ioClass: IOClass?
    /// Its priority within that class, from 0, the highest, to 7; 4 if it is nil. The class `idle` has none.
    public var ioPriority: Int?

    /// Everything as the supervisor has it.
    public init() {}

    /// A policy of sched(7).
    public enum Policy: String, CaseIterable, Hashable, Sendable, Codable {
        case other, batch, idle, fifo, rr

        /// Whether it has priorities.
        public var isRealTime: Bool { self == .fifo || self == .rr }

        /// SCHED_NORMAL and so on, in linux/sched.h.
        var number: Int32 {
            switch self {
            case .other: 0
            case .fifo: 1
            case .rr: 2
            case .batch: 3
            case .idle: 5
            }
        }

        init?(number: Int32) {
            guard let policy = Self.allCases.first(where: { $0.number == number }) else { return nil }
            self = policy
        }
    }

    /// A class of ioprio_set(2).
    public enum IOClass: String, CaseIterable, Hashable, Sendable, Codable {
        case realtime
        case bestEffort = "best-effort"
        case idle

        var number: Int32 {
            switch self {
            case .realtime: 1
            case .bestEffort: 2
            case .idle: 3
            }
        }
    }

    /// The name of a policy by its number, as in `/proc/<pid>/stat`; the number for another one.
    public static func name(ofPolicy number: Int) -> String {
        Int32(exactly: number).flatMap(Policy.init(number:))?.rawValue ?? "\(number)"
    }

    /// What ioprio_get(2) returned, as `best-effort 4`; nil for an error, or if there is no class.
    public static func describe(ioPriority: Int32) -> String? {
        guard ioPriority > 0, let ioClass = IOClass.allCases.first(where: { $0.number == ioPriority >> 13 }) else {
            return nil
        }
        return ioClass == .idle ? ioClass.rawValue : "\(ioClass.rawValue) \(ioPriority & 7)"
    }

    /// The class and priority as ioprio_set(2) takes them; -1 for the supervisor's.
    var ioNumber: Int32 {
        guard let ioClass else { return -1 }
        return ioClass.number << 13 | (ioClass == .idle ? 0 : Int32(ioPriority ?? 4))
    }
}
