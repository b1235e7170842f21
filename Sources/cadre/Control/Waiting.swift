import ArgumentParser
import Cadre
import ControlAPI
import Glibc
import Reactor

/// Waits for the supervisor's answers while the user looks on: shows how far it is, and hears Ctrl-C.
actor Waiting {
    /// How a wait ends, unless it fails.
    enum Ending<Answer: Sendable>: Sendable {
        case answered(Answer)
        /// The user doesn't want to wait any longer.
        case interrupted
        /// The answer didn't come in time.
        case timedOut
    }

    /// What can be told of a change while it is waited for.
    struct Progress: Sendable {
        /// What is going on: `restarting web`.
        var title: String
        /// The services and workers that it concerns; none for all.
        var names: [String] = []
        /// What it comes to, from how it was before and how it is now.
        var goal: @Sendable (_ before: Snapshot, _ now: Snapshot) -> Goal?
    }

    /// To be blocked before there is any other thread.
    static let signals = [SIGINT]
    /// What takes no longer than that is over before a bar could be read.
    private static let delay = Duration.milliseconds(500)
    private static let interval = Duration.milliseconds(200)
    /// How long the supervisor may take to say how things stand when the user has lost patience.
    private static let farewell = Duration.seconds(2)

    private let reactor: Reactor
    private let client: ControlClient
    private let signals: SignalSource
    private let showsProgress = isatty(2) == 1
    private var watch: Watch?
    private var isInterrupted = false
    private var isLeaving = false
    private var isBarShown = false
    /// Ends the wait that goes on.
    private var interrupt: (() -> Void)?

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(for client: ControlClient, on reactor: Reactor) throws {
        self.client = client
        self.reactor = reactor
        signals = try SignalSource(Self.signals)
    }

    /// Waits for an answer.
    ///
    /// - Parameters:
    ///   - limit: how long at the most.
    ///   - request: it is cancelled when nobody waits any longer.
    /// - Throws: what `request` throws.
    func answer<Answer: Sendable>(
        within limit: Duration? = nil, showing progress: Progress? = nil,
        _ request: @escaping @Sendable (ControlClient) async throws -> Answer
    ) async throws -> Ending<Answer> {
        try listen()
        // It may have been between two waits.
        if isInterrupted && !isLeaving { return .interrupted }
        let wait = Wait<Answer>()
        interrupt = { wait.end(.success(.interrupted)) }
        let timer = limit.map { limit in
            reactor.schedule(at: Reactor.now + limit) { wait.end(.success(.timedOut)) }
        }
        let task = Task(executorPreference: reactor) { [client] in
            await self.ask(wait, showing: progress) { try await request(client) }
        }
        let result = await withCheckedContinuation { wait.begin($0) }
        interrupt = nil
        if let timer { reactor.cancel(timer) }
        task.cancel()
        clearBar()
        return try result.get()
    }

    private func ask<Answer: Sendable>(
        _ wait: Wait<Answer>, showing progress: Progress?, _ request: @escaping @Sendable () async throws -> Answer
    ) async {
        var bar: Task<Void, Never>?
        if showsProgress, let progress {
            // From before the change, or it could not be told how far it is.
            let before = try? await client.status(progress.names, withStatistics: false)
            bar = Task(executorPreference: reactor) { await self.show(progress, before) }
        }
        do {
            let answer = try await request()
            bar?.cancel()
            wait.end(.success(.answered(answer)))
        } catch {
            bar?.cancel()
            wait.end(.failure(error))
        }
    }

    // MARK: Signals

    private func listen() throws {
        if watch != nil { return }
        watch = try reactor.watch(signals.descriptor) { [unowned self] _ in
            while signals.next() != nil { receive() }
        }
    }

    private func receive() {
        if isInterrupted {
            clearBar()
            exit(Failure.interrupted.rawValue)
        }
        isInterrupted = true
        interrupt?()
    }

    /// How things stand, for one who waits no longer; nil if the supervisor doesn't say so soon.
    func standing(of names: [String]) async -> Snapshot? {
        isLeaving = true
        let ending = try? await answer(within: Self.farewell) { client in
            try await client.status(names, withStatistics: false)
        }
        if case .answered(let snapshot) = ending { return snapshot }
        return nil
    }

    /// Why the roll-out of a service failed; nothing if the supervisor doesn't say so soon.
    func reasons(ofRollout service: String) async -> [String] {
        let ending = try? await answer(within: Self.farewell) { client in try await client.rollout(of: service) }
        if case .answered(let rollout) = ending { return rollout.failure?.lines ?? [] }
        return []
    }

    // MARK: The bar

    private func show(_ progress: Progress, _ before: Snapshot?) async {
        let start = Reactor.now
        await reactor.sleep(for: Self.delay)
        while !Task.isCancelled {
            var bar = ProgressBar(title: progress.title)
            // What is gone while the supervisor stops is no reason to stop counting seconds.
            let now = try? await client.status(progress.names, withStatistics: false)
            if let before, let now, let goal = progress.goal(before, now) {
                (bar.done, bar.total) = (goal.reached(in: now), goal.aims.count)
            }
            bar.elapsed = Reactor.now - start
            if Task.isCancelled { return }
            write(bar)
            await reactor.sleep(for: Self.interval)
        }
    }

    private func write(_ bar: ProgressBar) {
        // The last column stays free: some terminals begin a new line behind it.
        let line = bar.line(columns: TerminalSize.of(2).columns - 1)
        let text = line.rendered(isColoured: isColoured(2), isASCII: Symbols.current.isASCII)
        printError("\r\(text)\u{1B}[K", terminator: "")
        isBarShown = true
    }

    private func clearBar() {
        if isBarShown { printError("\r\u{1B}[K", terminator: "") }
        isBarShown = false
    }
}

/// Who waits for an answer, and what came first.
///
/// `@unchecked Sendable`, as the compiler cannot see that it is used on one thread only, the reactor's, which the actor that
/// waits, its timers and its signals all run on.
private final class Wait<Answer: Sendable>: @unchecked Sendable {
    typealias Outcome = Result<Waiting.Ending<Answer>, any Error>

    private var outcome: Outcome?
    private var continuation: CheckedContinuation<Outcome, Never>?

    func begin(_ continuation: CheckedContinuation<Outcome, Never>) {
        if let outcome { return continuation.resume(returning: outcome) }
        self.continuation = continuation
    }

    func end(_ outcome: Outcome) {
        if self.outcome != nil { return }
        self.outcome = outcome
        continuation?.resume(returning: outcome)
        continuation = nil
    }
}
