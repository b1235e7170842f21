/// How everything was at one moment; what `cadre status --json` prints.
public struct Snapshot: Codable, Hashable, Sendable {
    /// The supervisor's process id.
    public var supervisor: Int32
    /// The delegated root's absolute path.
    public var root: String
    /// A line for people: `3 services, 12 of 12 workers ready`.
    public var summary: String
    /// The latest event that it reflects.
    public var lastEvent: EventID
    /// The services, by name.
    public var services: [ServiceSnapshot]
}

/// How a service was.
public struct ServiceSnapshot: Codable, Hashable, Sendable {
    /// Its name.
    public var name: String
    /// How many workers are wanted; more may be on their way out.
    public var wanted: Int
    /// How many workers are ready.
    public var ready: Int
    /// Whether enough are ready, by the service's `healthy_percentage`.
    public var isHealthy: Bool
    /// The processor time of all its workers, past incarnations included, in seconds.
    public var cpuSeconds: Double?
    /// The memory of all its workers in bytes; nil without the memory controller.
    public var memoryBytes: UInt64?
    /// The digest of the specification that is in force.
    public var digest = ""
    /// Where its latest roll-out is, as in `Rollout/State`, or `paused`; nil if there was none.
    public var rollout: String?
    /// The workers, by number.
    public var workers: [WorkerSnapshot]
}

/// How a worker was.
public struct WorkerSnapshot: Codable, Hashable, Sendable {
    /// Its number.
    public var number: Int
    /// Its state in a word, as in `WorkerState`.
    public var state: String
    /// What it waits for before it is started, in words: `db to be ready`.
    public var waitingFor: String?
    /// The number of the incarnation that is the worker now.
    public var incarnation: UInt64?
    /// The digest of the specification that it runs.
    public var digest: String?
    /// The leader's process id.
    public var pid: Int32?
    /// The incarnation's age in seconds.
    public var uptimeSeconds: Double?
    /// How long the last incarnation that became ready took for it, in seconds.
    public var readySeconds: Double?
    /// How many incarnations followed an earlier one, planned or not.
    public var restarts: Int
    /// The same by the reason why the earlier one ended, as in `EndReason`.
    public var restartsByReason: [String: Int]
    /// How many cgroups of it were killed, by command or as they did not stop in time.
    public var kills: Int
    /// The processor time of the worker, past incarnations included, in seconds.
    public var cpuSeconds: Double
    /// The user part of ``cpuSeconds``.
    public var userSeconds: Double
    /// The system part of ``cpuSeconds``.
    public var systemSeconds: Double
    /// The memory of the incarnation's cgroup in bytes; nil without the memory controller.
    public var memoryBytes: UInt64?
    /// `memory.max` in bytes; nil if there is none.
    public var memoryMaxBytes: UInt64?
    /// The most memory the incarnation held, in bytes.
    public var memoryPeakBytes: UInt64?
    /// How many processes and threads there are; nil without the pids controller.
    public var tasks: UInt64?
    /// What was read and written by the incarnation, in bytes; nil without the io controller.
    public var io: IOSnapshot?
    /// The share of the last ten seconds in which some task waited for a resource, in percent.
    public var pressure: PressureSnapshot?
    /// How the last incarnation ended that was not stopped by command.
    public var lastExit: ExitSnapshot?
    /// What the worker said of itself with `STATUS=`.
    public var statusText: String?
    /// What the incarnation's last probe said; nil if there was none.
    public var probe: ProbeSnapshot?
    /// The incarnation's cgroup, relative to the delegated root.
    public var controlGroup: String?
    /// The incarnation that is about to take over.
    public var successor: UInt64?
}

/// What a cgroup read and wrote.
public struct IOSnapshot: Codable, Hashable, Sendable {
    /// Bytes read.
    public var readBytes: UInt64
    /// Bytes written.
    public var writtenBytes: UInt64
}

/// Pressure stall information (the kernel's Documentation/accounting/psi.rst): `some avg10`, in percent.
public struct PressureSnapshot: Codable, Hashable, Sendable {
    /// Of the processor.
    public var cpu: Double?
    /// Of memory.
    public var memory: Double?
    /// Of input and output.
    public var io: Double?
}

/// How an incarnation ended.
public struct ExitSnapshot: Codable, Hashable, Sendable {
    /// Why, as in `EndReason`.
    public var reason: String
    /// The exit code, if the leader exited.
    public var code: Int32?
    /// The signal's name, if one killed the leader.
    public var signal: String?
    /// The most memory it held, in bytes.
    public var memoryPeakBytes: UInt64?
    /// What went wrong, where it has to be told in words.
    public var detail: String?
}
