import Logging
import Processes
import Specification
import Supervision
import Systemd

/// The supervisor's own events: sentences for people and, in the journal, fields for machines; and the same for those
/// who follow them.
final class EventLog {
    /// Those who follow.
    let stream: EventStream
    /// What a worker is at present.
    var state: (WorkerID) -> WorkerState? = { _ in nil }
    private let logger: Logger

    init(logger: Logger, run: UInt64) {
        self.logger = logger
        stream = EventStream(run: run)
    }

    /// Logs an event that concerns an incarnation, a service or nothing of the like.
    ///
    /// - Parameter isPublic: whether those who follow are told.
    func log(
        _ level: Logger.Level, _ kind: EventKind, _ message: String, _ worker: WorkerID? = nil,
        _ incarnation: UInt64? = nil, service: String? = nil, more: Logger.Metadata = [:],
        isPublic: Bool = true
    ) {
        if isPublic { publish(level, kind, message, worker, incarnation, service, more) }
        var metadata = more
        metadata["event"] = "\(kind.rawValue)"
        metadata["message-id"] = "\(kind.messageID)"
        if let service = worker?.service ?? service { metadata["service"] = "\(service)" }
        if let worker { metadata["worker"] = "\(worker.number)" }
        if let worker, let incarnation {
            metadata["incarnation"] = "\(incarnation)"
            metadata["cgroup"] = "\(worker.service)/\(LiveIncarnation.groupName(worker, incarnation))"
        }
        logger.log(level: level, "\(message)", metadata: metadata)
    }

    private func publish(
        _ level: Logger.Level, _ kind: EventKind, _ message: String, _ worker: WorkerID?, _ incarnation: UInt64?,
        _ service: String?, _ more: Logger.Metadata
    ) {
        stream.publish { id in
            Event(
                id: id, time: wallClock(), level: level.rawValue, kind: kind.rawValue,
                service: worker?.service ?? service, worker: worker?.number, incarnation: incarnation,
                state: worker.flatMap(state)?.rawValue, message: message, details: more.mapValues { "\($0)" })
        }
    }

    /// Logs what happened to a worker.
    ///
    /// - Parameters:
    ///   - pid: the leader of an incarnation.
    ///   - lastExit: how the worker's last incarnation ended.
    ///   - policy: how the worker is supervised.
    ///   - problem: what the last probe of an incarnation said.
    func log(
        _ event: WorkerEvent, of worker: WorkerID, pid: (UInt64) -> Int32?, lastExit: ExitSnapshot?,
        policy: WorkerPolicy?, problem: (UInt64) -> String? = { _ in nil }
    ) {
        switch event {
        case .started(let number):
            let pid = pid(number)
            log(
                .debug, .started, "\(worker) started\(pid.map { " (pid \($0))" } ?? "")", worker, number,
                more: pid.map { ["pid": "\($0)"] } ?? [:])
        case .ready(let number, let time):
            log(
                .info, .ready,
                "\(worker) is ready after \(inWords(time))"
                    + (pid(number).map { " (pid \($0))" } ?? ""), worker, number)
        case .stopping(let number, let reason):
            log(.info, .stopping, "stopping \(worker) (\(reason.phrase))", worker, number)
        case .killed(let number, byCommand: true):
            log(.notice, .killed, "killing \(worker) by command", worker, number)
        case .killed(let number, byCommand: false):
            log(.warning, .killed, "\(worker) did not stop in time and is killed", worker, number)
        case .frozen(let number): log(.notice, .frozen, "\(worker) is frozen", worker, number)
        case .thawed(let number): log(.notice, .thawed, "\(worker) is thawed and goes on", worker, number)
        case .unhealthy(let number):
            let problem = problem(number)
            log(
                .warning, .unhealthy, "\(worker) is unhealthy\(problem.map { ": \($0)" } ?? "")", worker, number,
                more: problem.map { ["problem": "\($0)"] } ?? [:])
        case .healthy(let number): log(.notice, .healthy, "\(worker) is healthy again", worker, number)
        case .gone: break
        case .stuck(let number):
            log(
                .error, .stuck,
                "\(worker) was killed and does not die; its processes hang in the kernel (state D in ps)", worker,
                number)
        case .ended(let number, let end):
            log(end, of: worker, number, lastExit)
        case .replacing(let number, let reason):
            log(.notice, .replacing, "starting a successor of \(worker), as it \(reason.phrase)", worker, number)
        case .replaced(let number, let successor, let reason):
            log(
                .notice, reason == .memoryHigh ? .memoryHigh : .replaced,
                "\(worker) was replaced, as it \(reason.phrase); incarnation \(successor) took over", worker, number)
        case .restarting(let delay, _) where delay == .zero:
            log(.info, .restarting, "\(worker) is started again", worker)
        case .restarting(let delay, _):
            log(.info, .restarting, "\(worker) is started again in \(inWords(delay))", worker)
        case .held(let hold) where hold.isBlocked:
            log(
                .warning, .waiting,
                "\(worker) is not started: it waits for \(hold); cadre start \(worker) starts that too", worker)
        case .held(let hold): log(.info, .waiting, "\(worker) waits for \(hold)", worker)
        case .failed:
            log(
                .error, .failed,
                "\(worker) has failed: \(failure(lastExit, policy?.restart)); cadre start \(worker) revives it",
                worker)
        case .done: log(.info, .done, "\(worker) \(policy?.type == .oneshot ? "has completed" : "is done")", worker)
        case .stopped: log(.info, .stopped, "\(worker) is stopped", worker)
        case .asleep: log(.info, .asleep, "\(worker) sleeps until somebody connects", worker)
        }
    }

    private func log(_ end: End, of worker: WorkerID, _ number: UInt64, _ lastExit: ExitSnapshot?) {
        var more: Logger.Metadata = ["reason": "\(end.reason.rawValue)"]
        switch end.exit {
        case .code(let code): more["exit-code"] = "\(code)"
        case .signal(let signal, _): more["exit-signal"] = "\(Signal(rawValue: signal))"
        case .unknown, nil: break
        }
        let peak = lastExit?.memoryPeakBytes
        if let peak { more["memory-peak"] = "\(peak)" }
        let message =
            switch end.reason {
            case .exit, .signal:
                "\(worker) \(end.exit?.phrase ?? "ended")"
            case .oomKill:
                "\(worker) ran out of memory and was killed by the kernel"
                    + (peak.map { " (peak \(SizeFormat.format($0)))" } ?? "")
            case .manual: "\(worker) was killed by command"
            case .memoryHigh, .readyTimeout, .watchdog, .health, .age, .replaced, .stopped, .idle, .spawn:
                "\(worker) ended, as it \(end.reason.phrase)" + (lastExit?.detail.map { ": \($0)" } ?? "")
            }
        log(
            end.isSuccess ? .info : .warning, end.reason == .oomKill ? .oomKill : .exited, message, worker, number,
            more: more)
    }

    private func failure(_ lastExit: ExitSnapshot?, _ policy: RestartPolicy?) -> String {
        var reasons: [String] = []
        if let policy, policy.condition != .never {
            reasons.append("its budget of \(policy.budget) restarts in \(inWords(policy.window)) is spent")
        }
        if let lastExit { reasons.append("its last end was \(lastExit.explanation)") }
        return reasons.joined(separator: "; ")
    }
}

extension EndReason {
    /// What the incarnation did, or what was done to it: "… as it …".
    var phrase: String {
        switch self {
        case .exit: "exited"
        case .signal: "was killed by a signal"
        case .oomKill: "ran out of memory"
        case .memoryHigh: "touched memory.high"
        case .readyTimeout: "was not ready in time"
        case .watchdog: "did not answer its watchdog"
        case .health: "was unhealthy"
        case .age: "reached its max_age"
        case .replaced: "ran an outdated specification"
        case .manual: "is restarted by command"
        case .stopped: "was told to"
        case .idle: "had no connection"
        case .spawn: "could not be executed"
        }
    }
}

extension Exit {
    /// What the leader did: `exited with code 1`.
    var phrase: String {
        switch self {
        case .code(let code): "exited with code \(code)"
        case .signal(let signal, let coreDumped):
            "was killed by \(Signal(rawValue: signal))\(coreDumped ? " and left a core dump" : "")"
        case .unknown: "ended; how is not known"
        }
    }
}

/// A wait in a sentence: `350 ms`, `1.6 s`, `30 s`.
private func inWords(_ time: Duration) -> String {
    let milliseconds = Int(time / .milliseconds(1))
    guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
    let tenths = milliseconds / 100
    return tenths % 10 == 0 || tenths >= 100 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
}
