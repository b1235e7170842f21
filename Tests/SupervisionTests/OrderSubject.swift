@testable import Supervision

/// A fleet of services of one worker each, with an order, in which all that runs does as it is told.
final class OrderSubject {
    private(set) var fleet = Fleet(seed: 1)
    private(set) var now = Duration.seconds(1000)
    /// The incarnations that were spawned, and those told to stop, by their workers' services, in order.
    private(set) var spawned: [String] = []
    private(set) var told: [String] = []
    private(set) var holds: [String] = []
    private(set) var completed: [String] = []

    /// Configures services as the driver does it; those in `oneshots` are such.
    init(
        _ order: [String: [Dependency]], workers: [String: Int] = [:], oneshots: Set<String> = [],
        condition: RestartPolicy.Condition = .never
    ) {
        let names = Set(order.keys).union(order.values.joined().map(\.service))
        for (service, dependencies) in order { fleet.setDependencies(dependencies, of: service) }
        for name in fleet.inStartOrder(names.sorted()) {
            var policy = WorkerPolicy.test(condition: condition)
            if oneshots.contains(name) { policy.type = .oneshot }
            take(
                fleet.configure(
                    name, policy: policy, revision: "a", count: workers[name] ?? 1, replacesWorkers: false, at: now))
        }
        take(fleet.reconsiderOrder(at: now))
    }

    func tell(_ service: String, _ input: WorkerInput, worker: Int = 0) {
        take(fleet.handle(WorkerID(service: service, number: worker), input, at: now))
    }

    func command(_ services: String..., input: WorkerInput) {
        take(fleet.handle(services.map { WorkerID(service: $0, number: 0) }, input, at: now))
    }

    func removeAll() {
        for name in fleet.inStartOrder(fleet.serviceNames).reversed() { take(fleet.remove(name, at: now)) }
    }

    /// The latest incarnation is executed and ready.
    func becomeReady(_ service: String, worker: Int = 0) {
        let number = number(service, worker)
        tell(service, .spawned(number), worker: worker)
        tell(service, .ready(number), worker: worker)
    }

    /// The latest incarnation exits.
    func exit(_ service: String, _ code: Int32 = 0, worker: Int = 0) {
        tell(service, .exited(number(service, worker), code), worker: worker)
    }

    func passDeadline(_ service: String, after time: Duration) {
        now += time
        tell(service, .deadline(.phase(number(service, 0))))
    }

    func state(_ service: String, _ worker: Int = 0) -> WorkerState? {
        fleet.worker(WorkerID(service: service, number: worker))?.state
    }

    func hold(_ service: String) -> Hold? { fleet.worker(WorkerID(service: service, number: 0))?.hold }

    private func number(_ service: String, _ worker: Int) -> UInt64 {
        fleet.worker(WorkerID(service: service, number: worker))?.lastNumber ?? 0
    }

    private func take(_ actions: [FleetAction]) {
        for case .worker(let worker, let action) in actions {
            switch action {
            case .spawn: spawned.append(worker.service)
            case .signalLeader: told.append(worker.service)
            case .report(.held(let hold)): holds.append("\(worker) waits for \(hold)")
            case .report(.done): completed.append(worker.service)
            default: break
            }
        }
    }

    /// What was spawned since this was last asked for.
    func spawnedNow() -> [String] {
        defer { spawned = [] }
        return spawned
    }

    /// What was told to stop since this was last asked for.
    func toldNow() -> [String] {
        defer { told = [] }
        return told
    }
}
