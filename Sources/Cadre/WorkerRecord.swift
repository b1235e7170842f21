import ControlGroups
import Processes
import Reactor
import Supervision

/// What is kept of a worker beyond its incarnations.
struct WorkerRecord: Codable {
    /// How many past incarnations are remembered.
    static let mostRemembered = 20

    /// What the incarnations used that are gone.
    var past = Usage()
    /// Which end of all was the latest of its incarnations', from 1.
    var lastEnd: UInt64 = 0
    /// The last end that nobody commanded.
    var lastExit: ExitSnapshot?
    /// The latest incarnations that are gone, the oldest first.
    var history: [IncarnationRecord] = []
    /// How long the last one that became ready took for it, and the last one that was told to stop.
    var lastReadyTime: Duration?
    var lastStopTime: Duration?

    mutating func remember(_ incarnation: IncarnationRecord) {
        if history.count == Self.mostRemembered { history.removeFirst() }
        history.append(incarnation)
    }
}

/// An execution of a worker, past or present.
public struct IncarnationRecord: Codable, Hashable, Sendable {
    /// Its number among the worker's incarnations.
    public var number: UInt64
    /// The digest of the specification that it runs or ran.
    public var digest = ""
    /// Where it is in its life, as in `Incarnation/Phase`; `gone` for a past one.
    public var phase: String
    /// The leader's process id; nil if it could not be executed.
    public var pid: Int32?
    /// When it was executed, in seconds since 1970.
    public var startedAt: Double
    /// How long it took to become ready, in seconds; nil if it never did.
    public var readySeconds: Double?
    /// How long it took to stop, in seconds; nil if nobody told it to.
    public var stopSeconds: Double?
    /// When the last process of it was gone, in seconds since 1970; nil for a present one.
    public var goneAt: Double?
    /// How it ended; nil for a present one.
    public var exit: ExitSnapshot?
    /// The processor time that it used, in seconds; nil for a present one.
    public var cpuSeconds: Double?
}

extension IncarnationRecord {
    /// A past one; `offset` leads from the core's time to seconds since 1970.
    init(_ past: PastIncarnation, pid: Int32?, exit: ExitSnapshot, usage: Usage?, offset: Double) {
        self.init(
            number: past.number, digest: past.revision, phase: "gone", pid: pid,
            startedAt: past.startedAt / .seconds(1) + offset,
            readySeconds: past.readyAt.map { ($0 - past.startedAt) / .seconds(1) },
            stopSeconds: past.stopDuration.map { $0 / .seconds(1) }, goneAt: past.goneAt / .seconds(1) + offset,
            exit: exit, cpuSeconds: usage.map { Double($0.cpuMicroseconds) / 1e6 })
    }

    /// A present one.
    init(_ live: LiveDetail, offset: Double) {
        self.init(
            number: live.number, digest: live.digest, phase: live.isFrozen ? "frozen" : live.phase.rawValue,
            pid: live.pid,
            startedAt: live.startedAt / .seconds(1) + offset,
            readySeconds: live.readyAt.map { ($0 - live.startedAt) / .seconds(1) })
    }
}

extension ExitSnapshot {
    init(_ reason: EndReason, _ exit: Exit?, memoryPeak: UInt64?) {
        self.init(reason: reason.rawValue, memoryPeakBytes: memoryPeak)
        switch exit {
        case .code(let code): self.code = code
        case .signal(let signal, _): self.signal = "\(Signal(rawValue: signal))"
        case .unknown, nil: break
        }
    }

    /// With what went wrong, where that is known.
    var explanation: String {
        guard let detail else { return description }
        return EndReason(rawValue: reason) == .spawn ? detail : "\(description) (\(detail))"
    }

    /// In a word or two, as in a table: `oom-kill`, `exit 1`, `SIGSEGV`.
    public var description: String {
        switch EndReason(rawValue: reason) {
        case .exit: code.map { "exit \($0)" } ?? signal ?? reason
        case .signal: signal ?? reason
        case .oomKill, .memoryHigh, .readyTimeout, .watchdog, .health, .age, .replaced, .manual, .stopped, .idle,
            .spawn, nil:
            reason
        }
    }
}
