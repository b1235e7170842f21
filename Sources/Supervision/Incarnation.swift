/// What is known of one execution of a worker while any process of it is left.
public struct Incarnation: Hashable, Sendable, Codable {
    /// Where it is in its life.
    public enum Phase: String, Hashable, Sendable, Codable {
        /// Executed, not yet ready.
        case starting
        /// It may receive work.
        case ready
        /// It said `STOPPING=1`: it gets no new work and finishes what it has.
        case draining
        /// It was told to stop, or its leader is gone and the rest was told.
        case stopping
        /// Its cgroup was killed.
        case killing
    }

    /// Its number, unique among all that the worker ever had.
    public let number: UInt64
    /// Where it is in its life.
    public internal(set) var phase: Phase
    /// When it was executed.
    public let startedAt: Duration
    /// Whether its program was executed, as far as is known.
    var isExecuted = false
    /// Whether it was killed and does not die.
    var isStuck = false
    /// When it became ready.
    public internal(set) var readyAt: Duration?
    /// When the phase it is in is over at the latest.
    var deadline: Duration?
    /// Until when it may put that off itself; nil if it may not.
    var extensibleUntil: Duration?
    /// How long it may stay silent; what it was told when it started, whatever the policy is now.
    let watchdog: Duration?
    /// How its health is probed; nil if it isn't. The policy's when it started, or since that was changed live.
    public internal(set) var health: HealthPolicy?
    /// What its health probes have said.
    public internal(set) var healthCount = HealthCount()
    /// Where its probes stand; nil while there are none.
    public internal(set) var probe: ProbeState?
    /// When it was last heard of by its watchdog.
    var heardAt: Duration?
    /// The revision of the specification that it runs.
    public let revision: String
    /// Whether it has stayed ready for as long as a roll-out wants it to.
    public internal(set) var isProven = false
    /// When it is too old.
    public internal(set) var tooOldAt: Duration?
    /// By which part of its jitter its greatest age differs, from -1 to 1; decided once.
    var ageVariation: Double?
    /// Why it is being stopped, if not of its own accord.
    var stopReason: EndReason?
    /// When its end began: it was told to stop, or to be killed, or its leader ended.
    var endingSince: Duration?
    /// Whether its cgroup is frozen by command. It can say nothing then, and nothing is expected of it.
    public internal(set) var isFrozen = false

    /// How many times its time-out a start, a drain or a stop may take at the most, whatever `EXTEND_TIMEOUT_USEC=` says:
    /// every stop ends.
    public static let mostExtension = 10

    /// Whether it is ready, and a predecessor may go for it.
    var isAvailable: Bool { phase == .ready && isProven }

    init(number: UInt64, revision: String = "", watchdog: Duration?, health: HealthPolicy? = nil, at now: Duration) {
        self.number = number
        self.revision = revision
        self.watchdog = watchdog
        self.health = health
        phase = .starting
        startedAt = now
    }
}
