/// How the workers of a service are replaced: how many at a time, in which order, and what becomes of a release that
/// fails.
public struct RolloutPolicy: Hashable, Sendable, Codable {
    /// In which order a release replaces the one before.
    public enum Strategy: String, CaseIterable, Hashable, Sendable, Codable {
        /// Some workers at a time.
        case rolling
        /// All successors are started, and take over together when all of them are ready.
        case blueGreen = "blue-green"
    }

    /// What becomes of the workers that are replaced already when a release fails.
    public enum FailureAction: String, CaseIterable, Hashable, Sendable, Codable {
        /// They stay as they are.
        case stop
        /// They are replaced back.
        case rollback
    }

    /// A part of a service's workers.
    public enum Share: Hashable, Sendable, Codable {
        /// So many of them.
        case count(Int)
        /// So many percent of them.
        case percent(Double)

        /// Whether it is none, of however many.
        public var isZero: Bool { self == .count(0) || self == .percent(0) }

        func resolved(of count: Int, _ rule: FloatingPointRoundingRule) -> Int {
            switch self {
            case .count(let count): count
            case .percent(let percent): Int((Double(count) * percent / 100).rounded(rule))
            }
        }
    }

    /// In which order a release replaces the one before.
    public var strategy: Strategy
    /// How many successors may run beside their predecessors; of a percentage, the next higher number.
    public var maxSurge: Share
    /// How many workers may be down for being replaced, where no more successors may run beside their predecessors; of a
    /// percentage, the next lower number.
    public var maxUnavailable: Share
    /// How many workers are replaced at a time at the most; nil for as many as the two above allow.
    public var parallel: Int?
    /// How long a worker has to stay ready before it counts; its predecessor serves on until then.
    public var minReady: Duration
    /// After how many failures in a row of one worker a release has failed.
    public var failures: Int
    /// What becomes of the workers that are replaced already when a release fails.
    public var onFailure: FailureAction

    /// A policy; what is left out is as documented for the configuration file.
    public init(
        strategy: Strategy = .rolling, maxSurge: Share = .count(1), maxUnavailable: Share = .count(0),
        parallel: Int? = nil, minReady: Duration = .zero, failures: Int = 3, onFailure: FailureAction = .stop
    ) {
        self.strategy = strategy
        self.maxSurge = maxSurge
        self.maxUnavailable = maxUnavailable
        self.parallel = parallel
        self.minReady = minReady
        self.failures = failures
        self.onFailure = onFailure
    }

    /// How many successors may run beside their predecessors where so many workers are wanted.
    package func surge(of wanted: Int) -> Int { maxSurge.resolved(of: wanted, .up) }

    /// How many workers may be down where so many are wanted. At least one is replaced at a time, or it would not end.
    package func unavailable(of wanted: Int) -> Int {
        let count = maxUnavailable.resolved(of: wanted, .down)
        return count == 0 && surge(of: wanted) == 0 ? 1 : count
    }

    /// How many workers are replaced at a time where so many are wanted.
    func parallel(of wanted: Int) -> Int {
        min(parallel ?? .max, surge(of: wanted) + unavailable(of: wanted))
    }
}
