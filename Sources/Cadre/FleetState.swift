public import ControlGroups
public import Reactor
public import Supervision

/// All that the supervisor itself knows of what runs, at one moment. No figure in it comes from a kernel file.
public struct FleetState: Sendable {
    /// How all are doing.
    public var summary: FleetSummary
    /// Reactor time (CLOCK_MONOTONIC) of the moment, to which all durations below refer.
    public var now: Duration
    /// The same moment in seconds since 1970 by the wall clock.
    public var wallClock: Double
    /// The latest event that it reflects.
    public var lastEvent: EventID
    /// The share of all workers that must be ready for all to count as healthy, in percent.
    public var healthyPercentage: Double
    /// How many incarnations have ended so far.
    public var ends: UInt64
    /// The services, by name.
    public var services: [ServiceState]
    /// How busy the core's thread is.
    public var core: CoreLoad

    /// How busy the core's thread is.
    public struct CoreLoad: Hashable, Sendable {
        /// How often it woke from sleep so far.
        public var wakeUps: UInt64
        /// How long its turns took: what happens meanwhile waits for at most that long.
        public var turns: DurationHistogram
    }
}

/// A service in a ``FleetState``.
public struct ServiceState: Sendable {
    /// Its name, which is that of its cgroup below the delegated root.
    public var name: String
    /// How many workers are wanted; there may be more on their way out.
    public var wanted: Int
    /// The share of them that must be ready (or done) for the service to count as healthy, in percent.
    public var healthyPercentage: Double
    /// What each incarnation is limited to.
    public var limits: ResourceLimits
    /// Whether it has a cgroup: a worker was started since the supervisor was.
    public var hasGroup: Bool
    /// What all its workers went through, those included that were scaled away.
    public var counters: ServiceCounters
    /// The digest of the specification that is in force.
    public var digest = ""
    /// The latest roll-out; nil if there was none.
    public var rollout: Rollout?
    /// The workers, by number.
    public var workers: [WorkerDetail]
}

/// What the workers of a service went through since the supervisor started.
public struct ServiceCounters: Hashable, Sendable, Codable {
    /// Restarts by the reason why the earlier incarnation ended.
    public var restarts: [EndReason: Int] = [:]
    /// Cgroups that were killed by command or as they did not stop in time.
    public var kills = 0
    /// From execution to readiness.
    public var readyTimes = DurationHistogram()
    /// From the signal to the last process's end.
    public var stopTimes = DurationHistogram()
}

/// A worker in a ``FleetState``.
public struct WorkerDetail: Sendable {
    /// Its name.
    public var id: WorkerID
    /// What it is, in a word.
    public var state: WorkerState
    /// What keeps it from being started although that is wanted.
    public var hold: Hold?
    /// Restarts by the reason why the earlier incarnation ended.
    public var restarts: [EndReason: Int]
    /// Cgroups that were killed by command or as they did not stop in time.
    public var kills: Int
    /// The incarnation that is the worker as others see it: the current one, or the last on its way out.
    public var shown: UInt64?
    /// The incarnation that is about to take over.
    public var successor: UInt64?
    /// All incarnations of which any process is left.
    public var live: [LiveDetail]
    /// The cgroups of those that have just ended and are no part of ``past`` yet, relative to the delegated root.
    public var ended: [String]
    /// What those used that are gone.
    public var past: Usage
    /// How the last incarnation ended that was not stopped by command.
    public var lastExit: ExitSnapshot?
    /// How long the last one that became ready took for it.
    public var lastReadyTime: Duration?
    /// How long the last one that was told to stop took for it.
    public var lastStopTime: Duration?

    /// The incarnation that others see.
    public var shownIncarnation: LiveDetail? { live.first { $0.number == shown } }
}

/// An incarnation in a ``FleetState``.
public struct LiveDetail: Sendable {
    /// Its number.
    public var number: UInt64
    /// The digest of the specification that it runs.
    public var digest = ""
    /// Where it is in its life.
    public var phase: Incarnation.Phase
    /// Whether it is frozen by command.
    public var isFrozen: Bool
    /// When it was executed (CLOCK_MONOTONIC).
    public var startedAt: Duration
    /// When it became ready.
    public var readyAt: Duration?
    /// The leader's process id; nil once that ended.
    public var pid: Int32?
    /// What it said with `STATUS=`.
    public var statusText: String?
    /// What its last probe said.
    public var probe: ProbeSnapshot?
    /// What it is limited to now.
    public var limits: ResourceLimits
    /// Its cgroup, relative to the delegated root: `web/0@17`.
    public var groupPath: String
}
