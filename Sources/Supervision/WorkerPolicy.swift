/// How the workers of a service are supervised: what makes them ready, what restarts them, how they are stopped.
public struct WorkerPolicy: Hashable, Sendable, Codable {
    /// What makes an incarnation ready.
    public enum Readiness: String, CaseIterable, Hashable, Sendable, Codable {
        /// Its program was executed.
        case exec
        /// It sent `READY=1` (sd_notify(3)).
        case notify
        /// A connection to it succeeded.
        case tcp
        /// It answered an HTTP request.
        case http
        /// A command that looks at it succeeded.
        case command
        /// It printed a certain line.
        case log

        /// Whether it has to be asked, again and again.
        var isProbed: Bool {
            switch self {
            case .tcp, .http, .command: true
            case .exec, .notify, .log: false
            }
        }
    }

    /// What the workers are for.
    public var type: ServiceType
    /// What makes an incarnation ready; of no interest for a oneshot.
    public var readiness: Readiness
    /// How long an incarnation may take to become ready before it is stopped as failed.
    public var readyTimeout: Duration
    /// The time from one probe for readiness to the next.
    public var readyInterval: Duration
    /// How long an incarnation may take from the stop signal to its end before its cgroup is killed.
    public var stopTimeout: Duration
    /// How long a ready incarnation may stay silent between two `WATCHDOG=1`; nil if it need not send any.
    public var watchdog: Duration?
    /// How often a ready incarnation is probed for its health; nil if it isn't.
    public var health: HealthPolicy?
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
        readyInterval: Duration = .milliseconds(200), stopTimeout: Duration = .seconds(10), watchdog: Duration? = nil,
        health: HealthPolicy? = nil, maxAge: Duration? = nil, maxAgeJitter: Double = 0.1,
        restart: RestartPolicy = RestartPolicy(), rollout: RolloutPolicy = RolloutPolicy()
    ) {
        self.type = type
        self.readiness = readiness
        self.readyTimeout = readyTimeout
        self.readyInterval = readyInterval
        self.stopTimeout = stopTimeout
        self.watchdog = watchdog
        self.health = health
        self.maxAge = maxAge
        self.maxAgeJitter = maxAgeJitter
        self.restart = restart
        self.rollout = rollout
    }
}
