public import Supervision

/// How the latest roll-out of a service was.
public struct RolloutSnapshot: Codable, Hashable, Sendable {
    /// The service's name.
    public var service: String
    /// The roll-out's number among those of the service; 0 if there was none yet.
    public var number: UInt64
    /// `rolling` or `blue-green`.
    public var strategy: RolloutPolicy.Strategy
    /// Where it is; `done` if there was none yet.
    public var state: Rollout.State
    /// Whether no further worker is replaced until it is resumed.
    public var isPaused: Bool
    /// The digest of the specification that it leads to.
    public var target: String
    /// The digest of the one before, to which an undo leads.
    public var former: String?
    /// The numbers of the workers that are through.
    public var done: [Int]
    /// The numbers of those that are being replaced.
    public var underWay: [Int]
    /// The numbers of those whose turn has not come.
    public var waiting: [Int]
    /// How many workers run which specification, by digest.
    public var workersByDigest: [String: Int]
    /// When it began, in seconds since 1970.
    public var startedAt: Double?
    /// When it ended, in seconds since 1970.
    public var endedAt: Double?
    /// Why it failed.
    public var failure: Failure?

    /// Why a roll-out failed.
    public struct Failure: Codable, Hashable, Sendable {
        /// The worker that failed.
        public var worker: Int
        /// Its last incarnation that did; nil if none was started.
        public var incarnation: UInt64?
        /// How many failed in a row.
        public var failures: Int
        /// How the last one ended.
        public var exit: ExitSnapshot?
        /// All that in a sentence.
        public var message: String
        /// What the last one printed last.
        public var lastLines: [String]
    }

    /// How many workers it concerns.
    public var total: Int { done.count + underWay.count + waiting.count }

    /// How it is, in a line: `rolling out 1a2b…: 3 of 8 workers`.
    public var summary: String {
        let count = "\(done.count) of \(total) worker\(total == 1 ? "" : "s")"
        switch state {
        case .done where number == 0: return "no roll-out yet; \(target) runs"
        case .running where isPaused: return "paused at \(count) on the way to \(target)"
        case .running: return "\(count) on the way to \(target)"
        case .rollingBack where isPaused: return "paused at \(count) on the way back to \(former ?? "-")"
        case .rollingBack: return "\(count) on the way back to \(former ?? "-")"
        case .stopped: return "stopped on the way to \(target)"
        case .rolledBack: return "rolled back to \(former ?? "-")"
        case .done: return "done, all run \(target)"
        }
    }
}
