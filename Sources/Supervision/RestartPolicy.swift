/// When a worker that ended is started again, and how long it waits for that.
///
/// The first restart after a stable run is immediate. The n-th restart in a row waits for
/// `delay * multiplier^(n-2)`, at most `maximumDelay`, varied at random by `± jitter`. A worker is stable,
/// and begins anew, once an incarnation of it has stayed ready for a whole `window`.
public struct RestartPolicy: Hashable, Sendable, Codable {
    /// Which ends call for a restart.
    public enum Condition: String, CaseIterable, Hashable, Sendable, Codable {
        /// Every end that nobody asked for, success included.
        case always
        /// Ends that are no success: other exit codes, signals, out of memory, time-outs.
        case onFailure = "on-failure"
        /// None.
        case never
    }

    /// Which ends call for a restart.
    public var condition: Condition
    /// The wait before the second restart in a row.
    public var delay: Duration
    /// The longest wait, however many restarts came before (before jitter is applied).
    public var maximumDelay: Duration
    /// The factor from one wait to the next, at least 1.
    public var multiplier: Double
    /// The part of a wait by which it varies at random, both ways: 0 for none, 1 at the most.
    public var jitter: Double
    /// How many restarts a worker may have within `window`; with one more it is failed.
    public var budget: Int
    /// The sliding time in which restarts are counted, and the time after which a ready worker counts as stable.
    public var window: Duration
    /// The exit codes that are a success. A death by SIGHUP, SIGINT, SIGTERM or SIGPIPE is one too, as in
    /// systemd.service(5), but not for a oneshot.
    public var successExitCodes: Set<Int32>

    /// A policy; what is left out is as documented for the configuration file.
    public init(
        condition: Condition = .always, delay: Duration = .milliseconds(100), maximumDelay: Duration = .seconds(30),
        multiplier: Double = 2, jitter: Double = 0.1, budget: Int = 10, window: Duration = .seconds(60),
        successExitCodes: Set<Int32> = [0]
    ) {
        self.condition = condition
        self.delay = delay
        self.maximumDelay = maximumDelay
        self.multiplier = multiplier
        self.jitter = jitter
        self.budget = budget
        self.window = window
        self.successExitCodes = successExitCodes
    }
}
