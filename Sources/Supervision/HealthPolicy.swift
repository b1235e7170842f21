/// How often a ready incarnation is asked whether it is well, and what the answers mean.
public struct HealthPolicy: Codable, Hashable, Sendable {
    /// The time from one probe to the next. A probe that takes longer puts off the next one: there is never more than
    /// one at a time.
    public var interval: Duration
    /// After how many failed probes in a row an incarnation is unhealthy.
    public var failures: Int
    /// After how many passed ones in a row it is healthy again.
    public var successes: Int
    /// How long after it became ready the first probe is due.
    public var startGrace: Duration

    /// A policy; what is left out is as documented for the configuration file.
    public init(
        interval: Duration = .seconds(10), failures: Int = 3, successes: Int = 1, startGrace: Duration = .zero
    ) {
        self.interval = interval
        self.failures = failures
        self.successes = successes
        self.startGrace = startGrace
    }
}

/// What the health probes of an incarnation have said: single answers don't count, several in a row do.
public struct HealthCount: Codable, Hashable, Sendable {
    /// What an answer changed.
    public enum Change: Hashable, Sendable {
        /// It is unhealthy from now on.
        case unhealthy
        /// It is healthy again.
        case healthy
    }

    /// Whether it counts as healthy, as it does in the beginning.
    public private(set) var isHealthy = true
    /// How many of the latest probes have failed one after another.
    public private(set) var failures = 0
    private var successes = 0

    /// Nothing was said yet.
    public init() {}

    /// Takes an answer into account; nil if it changes nothing.
    public mutating func note(passed: Bool, policy: HealthPolicy) -> Change? {
        if passed {
            failures = 0
            successes += 1
            guard !isHealthy, successes >= policy.successes else { return nil }
            isHealthy = true
            return .healthy
        }
        successes = 0
        failures += 1
        guard isHealthy, failures >= policy.failures else { return nil }
        isHealthy = false
        return .unhealthy
    }
}
