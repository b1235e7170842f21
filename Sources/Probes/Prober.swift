import CLinux
public import Reactor

/// Asks workers whether they are ready or well, on a thread of its own, so that whatever they do holds up nobody else.
///
/// For each worker there is one probe at a time: one that can't be ended (a program that hangs in the kernel, a name
/// that isn't resolved) lets every further one for that worker fail until it has ended after all.
public actor Prober {
    let reactor: Reactor
    private let table = AttemptTable()
    private var lastNumber: UInt64 = 0
    /// The files that are followed, once there are any.
    var followedFiles: FollowedFiles?

    /// The executor of the prober's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Starts the thread.
    public init() throws(SystemCallError) {
        reactor = try Reactor(name: "cadre-probes")
    }

    /// Asks, and returns when there is an answer, or when the time is over, or at once when the task is cancelled.
    ///
    /// - Parameters:
    ///   - probe: What is asked.
    ///   - worker: Whom it is asked of, by any name: there is one probe of a name at a time.
    public func run(_ probe: Probe, of worker: String) async -> ProbeResult {
        guard table.busy.insert(worker).inserted else { return .failed("an earlier probe of it still hangs") }
        lastNumber += 1
        let number = lastNumber
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ProbeResult, Never>) in
                let run = ProbeRun(
                    prober: self, table, number: number, worker: worker, probe: probe, continuation)
                let attempt: any ProbeAttempt =
                    switch probe.question {
                    case .connect(let address): ConnectAttempt(run, address, nil)
                    case .http(let http): ConnectAttempt(run, http.address, http)
                    case .command(let command): CommandAttempt(run, command)
                    }
                table.attempts[number] = attempt
                run.arm()
                // Cancelled before there was anything to cancel.
                if Task.isCancelled { run.finish(.failed("it was given up")) } else { attempt.begin() }
            }
        } onCancel: {
            Task(executorPreference: reactor) { await self.cancel(number) }
        }
    }

    private func cancel(_ number: UInt64) {
        table.attempts[number]?.run.finish(.failed("it was given up"))
    }

    /// Comes back from another thread.
    nonisolated func resume(_ number: UInt64, _ body: @escaping @Sendable (any ProbeAttempt) -> Void) {
        Task(executorPreference: reactor) { await self.resumed(number, body) }
    }

    private func resumed(_ number: UInt64, _ body: @Sendable (any ProbeAttempt) -> Void) {
        if let attempt = table.attempts[number] { body(attempt) }
    }
}

/// The probes that are not over, on the prober's thread.
final class AttemptTable {
    /// By their numbers.
    var attempts: [UInt64: any ProbeAttempt] = [:]
    /// Whom they are asked of.
    var busy: Set<String> = []
}

/// A way to ask. All of it happens on the prober's thread.
protocol ProbeAttempt: AnyObject {
    var run: ProbeRun { get }
    /// Asks.
    func begin()
    /// Stops asking, as there is a result; calls `run.isOver()` when nothing of it is left.
    func end()
    /// What to say if the time is over.
    var lateness: String { get }
}

/// What all attempts have in common: one result, at the deadline at the latest.
final class ProbeRun {
    let number: UInt64
    let probe: Probe
    /// Who asks; there while it is asked to begin.
    unowned let prober: Prober
    /// Held until nothing is left of the attempt, which may outlive the prober.
    let reactor: Reactor
    private let table: AttemptTable
    private let worker: String
    private var continuation: CheckedContinuation<ProbeResult, Never>?
    private var timer: Timer?

    init(
        prober: Prober, _ table: AttemptTable, number: UInt64, worker: String, probe: Probe,
        _ continuation: CheckedContinuation<ProbeResult, Never>
    ) {
        self.prober = prober
        reactor = prober.reactor
        self.table = table
        self.number = number
        self.worker = worker
        self.probe = probe
        self.continuation = continuation
    }

    /// Whether there is no result yet.
    var isOpen: Bool { continuation != nil }

    func arm() {
        timer = reactor.schedule(at: Reactor.now + probe.timeout) { [unowned self] in
            timer = nil
            guard let attempt = table.attempts[number] else { return }
            finish(.failed("\(attempt.lateness) within \(words(probe.timeout))"))
        }
    }

    /// Tells the result, once, and ends the attempt.
    func finish(_ result: ProbeResult) {
        guard let continuation else { return }
        self.continuation = nil
        if let timer { reactor.cancel(timer) }
        timer = nil
        table.attempts[number]?.end()
        continuation.resume(returning: result)
    }

    /// Nothing is left of the attempt.
    func isOver() {
        table.attempts[number] = nil
        table.busy.remove(worker)
    }

    private func words(_ time: Duration) -> String {
        let milliseconds = Int(time / .milliseconds(1))
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
