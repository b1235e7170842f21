/// How the workers of a service are supervised: what makes them ready, what restarts them, how they are stopped.
public struct WorkerPolicy: Hashable, Sendable, Codable {
    /// What makes an incarnation ready.
    public enum Readiness: String, CaseIterable, Hashable, Sendable, Codable {
        /// Its program was executed.
        case exec
        /// It sent `READY=1` (sd_notify(3)).
        case notify
    }

    /// What the workers are for.
    public var type: ServiceType
    /// What makes an incarnation ready; of no interest for a oneshot.
    public var readiness: Readiness
    /// How long an incarnation may take to become ready before it is stopped as failed.
    public var readyTimeout: Duration
    /// How long an incarnation may take from the stop signal to its end before its cgroup is killed.
    public var stopTimeout: Duration
    /// How long a ready incarnation may stay silent between two `WATCHDOG=1`; nil if it need not send any.
    public var watchdog: Duration?
    /// How old a ready incarnation may become before it is replaced; nil for as old as it gets.
    public var maxAge: Duration?
    /// The part of ``maxAge`` by which it varies at random, both ways: 0 for none, 1 at the most.
    public var maxAgeJitter: Double
    /// When it is started again.
    public var restart: RestartPolicy
    /// How workers are replaced.
    public var rollout: RolloutPolicy

    /// A policy; what is left out is as documented for the configuration file.
    public init(
        type: ServiceType = .service, readiness: Readiness = .exec, readyTimeout: Duration = .seconds(60),
        stopTimeout: Duration = .seconds(10), watchdog: Duration? = nil, maxAge: Duration? = nil,
        maxAgeJitter: Double = 0.1, restart: RestartPolicy = RestartPolicy(), rollout: RolloutPolicy = RolloutPolicy()
    ) {
        self.type = type
        self.readiness = readiness
        self.readyTimeout = readyTimeout
        self.stopTimeout = stopTimeout
        self.watchdog = watchdog
        self.maxAge = maxAge
        self.maxAgeJitter = maxAgeJitter
        self.restart = restart
        self.rollout = rollout
    }
}
