@testable import Supervision

/// One worker under test, with a clock that moves only when told to.
final class Subject {
    private(set) var machine: WorkerMachine
    private(set) var now = Duration.seconds(1000)
    private var random = SeededRandom(seed: 1)
    /// What was told of incarnations that are gone.
    private(set) var gone: [PastIncarnation] = []

    init(_ policy: WorkerPolicy = .test()) {
        machine = WorkerMachine(policy: policy)
    }

    /// A worker whose incarnation 1 is ready.
    static func ready(_ policy: WorkerPolicy = .test()) -> Subject {
        let worker = Subject(policy)
        worker(.start)
        worker(.spawned(1))
        if policy.readiness == .notify { worker(.ready(1)) }
        return worker
    }

    var policy: WorkerPolicy {
        get { machine.policy }
        set { machine.policy = newValue }
    }

    /// Tells the worker what happened `later` than what happened last; the actions but for the reports.
    @discardableResult
    func callAsFunction(_ input: WorkerInput, later: Duration = .zero) -> [WorkerAction] {
        all(input, later: later).filter { if case .report = $0 { false } else { true } }
    }

    /// As above; the reports only.
    func events(_ input: WorkerInput, later: Duration = .zero) -> [WorkerEvent] {
        all(input, later: later).compactMap { if case .report(let event) = $0 { event } else { nil } }
    }

    /// As above; all actions but for the records of incarnations that are gone, see ``gone``.
    func all(_ input: WorkerInput, later: Duration = .zero) -> [WorkerAction] {
        now += later
        return machine.handle(input, at: now, using: &random).filter { action in
            guard case .report(.gone(let incarnation)) = action else { return true }
            gone.append(incarnation)
            return false
        }
    }
}

extension WorkerPolicy {
    /// Waits of 1, 2, 4, 8 and again 8 seconds; five restarts in a hundred seconds.
    static func test(
        readiness: Readiness = .notify, watchdog: Duration? = nil, health: HealthPolicy? = nil,
        condition: RestartPolicy.Condition = .always,
        jitter: Double = 0
    ) -> WorkerPolicy {
        WorkerPolicy(
            readiness: readiness, readyTimeout: .seconds(60), stopTimeout: .seconds(10), watchdog: watchdog,
            health: health,
            restart: RestartPolicy(
                condition: condition, delay: .seconds(1), maximumDelay: .seconds(8), multiplier: 2, jitter: jitter,
                budget: 5, window: .seconds(100)))
    }
}

extension WorkerInput {
    /// The incarnation is gone after an exit with this code.
    static func exited(_ number: UInt64, _ code: Int32 = 1) -> WorkerInput {
        .gone(number, .code(code), isOutOfMemory: false)
    }

    /// The incarnation is gone after a death by this signal.
    static func died(_ number: UInt64, by signal: Int32) -> WorkerInput {
        .gone(number, .signal(signal, coreDumped: false), isOutOfMemory: false)
    }
}
