public import Cadre
public import Specification

/// Which supervisor answers, at `GET /v1`.
public struct About: Codable, Hashable, Sendable {
    /// What it is: `cadre`.
    public var name: String
    /// The program's version.
    public var version: String
    /// The version of this interface, the first part of its paths.
    public var api: String
    /// The supervisor's process id.
    public var pid: Int32
    /// The delegated root's absolute path.
    public var root: String
    /// Why the supervisor was started: `first`, or in the place of one before: `death`, `hang`, `upgrade`,
    /// `failed-upgrade`, `takeover`.
    public var startReason: String
    /// What became of the supervisor before, as the end of a sentence about it, such as `was killed by SIGKILL`; nil if
    /// there was none.
    public var startCause: String?
    /// The path of the program that it is.
    public var program: String
    /// What can be asked for: `GET /v1/services/{service}`, …
    public var routes: [String]
}

/// Which program is to be the supervisor.
public struct UpgradeRequest: Codable, Hashable, Sendable {
    /// Its absolute path; nil for the file that is now where the present one was.
    public var program: String?

    /// That it be the program at a path.
    public init(program: String? = nil) {
        self.program = program
    }
}

/// Which program is about to be the supervisor.
public struct UpgradeResult: Codable, Hashable, Sendable {
    /// Its absolute path.
    public var program: String
    /// The process of the present one, which is about to end.
    public var pid: Int32
}

/// Who is to take over.
public struct HandOverRequest: Codable, Hashable, Sendable {
    /// The absolute path of a SOCK_SEQPACKET socket, where the keeper of the other supervisor listens.
    public var path: String

    /// That it be the keeper at a path.
    public init(path: String) {
        self.path = path
    }
}

/// The workers that a command is for.
public struct CommandRequest: Codable, Hashable, Sendable {
    /// Services, workers and patterns: `web`, `web/0`, `w*`.
    public var names: [String]

    /// A command for these.
    public init(names: [String]) {
        self.names = names
    }
}

/// A signal for workers.
public struct SignalRequest: Codable, Hashable, Sendable {
    /// Services, workers and patterns: `web`, `web/0`, `w*`.
    public var names: [String]
    /// The signal's name or number: `HUP`, `SIGHUP`, `1`.
    public var signal: String
    /// Which of a worker's processes get it; nil for the leader.
    public var to: WorkerCommand.Recipients?

    /// A signal for these.
    public init(names: [String], signal: String, to: WorkerCommand.Recipients? = nil) {
        self.names = names
        self.signal = signal
        self.to = to
    }
}

/// What became of a command.
public struct CommandResult: Codable, Hashable, Sendable {
    /// The workers it was for, and what became of it for each.
    public var outcomes: [WorkerOutcome]
}

/// Whether enough workers are ready.
public struct Health: Codable, Hashable, Sendable {
    /// Whether they are: of all, and of each service.
    public var isHealthy: Bool
    /// How many workers are ready.
    public var ready: Int
    /// How many of those that are wanted are ready, or done with what they are for.
    public var fulfilled: Int
    /// How many workers are wanted.
    public var wanted: Int
    /// The share of them that must be ready or done, in percent.
    public var healthyPercentage: Double
    /// The services that have not enough.
    public var unhealthy: [String]
}

/// How many workers services are to have.
public struct ScaleRequest: Codable, Hashable, Sendable {
    /// By service, a number, `cpus`, or a difference: `8`, `+2`, `-1`.
    public var counts: [String: String]

    /// Counts by service.
    public init(counts: [String: String]) {
        self.counts = counts
    }
}

/// Other limits for the workers of services.
public struct LimitRequest: Codable, Hashable, Sendable {
    /// Services, and patterns for them: `web`, `w*`.
    public var names: [String]
    /// By the configuration's keys and written as there: `memory_max` is `1G`. `none` takes a limit away.
    public var limits: [String: String]
    /// Whether `memory_max` may be set below what a worker holds, so that the kernel kills it; nil is no.
    public var force: Bool?

    /// Limits for services.
    public init(names: [String], limits: [String: String], force: Bool? = nil) {
        self.names = names
        self.limits = limits
        self.force = force
    }
}

/// Whose limits were changed.
public struct LimitResult: Codable, Hashable, Sendable {
    /// The services that were meant.
    public var services: [String]
}

/// What a specification changed.
public struct ApplyResult: Codable, Hashable, Sendable {
    /// What was changed.
    public var plan: Plan
    /// The workers that it concerns, and what became of it for each.
    public var outcomes: [WorkerOutcome]
}
