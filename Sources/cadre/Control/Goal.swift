import Cadre
import Specification
import Supervision

/// What a change makes of each worker that it concerns, so that it can be told from snapshots how far it is.
struct Goal: Hashable, Sendable {
    /// What becomes of one worker.
    enum Aim: Hashable, Sendable {
        /// It is ready, has failed or is done, and this incarnation of it and earlier ones are no more.
        case settled(after: UInt64)
        /// This incarnation and earlier ones are no more.
        case ended(UInt64)
        /// It is stopped.
        case stopped
        /// It is frozen.
        case frozen
        /// There is no such worker any more.
        case absent
    }

    var aims: [WorkerID: Aim] = [:]

    /// That of a command for all workers in a snapshot.
    init(of command: WorkerCommand, before: Snapshot) {
        for (id, worker) in before.workersByID {
            switch command {
            case .start: aims[id] = .settled(after: 0)
            // Those that are stopped stay so.
            case .reset, .thaw, .signal:
                if worker.state != WorkerState.stopped.rawValue { aims[id] = .settled(after: 0) }
            case .restart: aims[id] = .settled(after: worker.incarnation ?? 0)
            case .kill: aims[id] = .ended(worker.incarnation ?? 0)
            case .stop: aims[id] = .stopped
            case .freeze: aims[id] = .frozen
            }
        }
    }

    /// That of other numbers of workers, of which those in force tell.
    init(scaling before: Snapshot, to now: Snapshot) {
        let wanted = Dictionary(uniqueKeysWithValues: before.services.map { ($0.name, $0.wanted) })
        for service in now.services { change(service.name, from: wanted[service.name] ?? 0, to: service.wanted) }
    }

    /// That of a plan.
    init(_ plan: Plan, before: Snapshot) {
        let workers = before.workersByID
        for service in plan.services {
            change(service.name, from: service.workersBefore, to: service.workersAfter)
            guard service.replacesWorkers else { continue }
            for number in 0..<min(service.workersBefore, service.workersAfter) {
                let id = WorkerID(service: service.name, number: number)
                guard let worker = workers[id], ![WorkerState.stopped, .asleep].map(\.rawValue).contains(worker.state)
                else { continue }
                aims[id] = .settled(after: worker.incarnation ?? 0)
            }
        }
    }

    /// That of a roll-out that goes on.
    init(rollout service: String, before: Snapshot, now: Snapshot) {
        guard let digest = now.services.first(where: { $0.name == service })?.digest else { return }
        for (id, worker) in before.workersByID where id.service == service && worker.digest != digest {
            aims[id] = .settled(after: worker.incarnation ?? 0)
        }
    }

    private mutating func change(_ service: String, from old: Int, to new: Int) {
        for number in min(old, new)..<max(old, new) {
            aims[WorkerID(service: service, number: number)] = new > old ? .settled(after: 0) : .absent
        }
    }

    /// How many workers have got there.
    func reached(in snapshot: Snapshot) -> Int {
        let workers = snapshot.workersByID
        return aims.count { id, aim in Self.isReached(aim, by: workers[id]) }
    }

    private static func isReached(_ aim: Aim, by worker: WorkerSnapshot?) -> Bool {
        // One that is no more is beyond all commands.
        guard let worker else { return true }
        guard let state = WorkerState(rawValue: worker.state) else { return false }
        switch aim {
        case .settled(let last):
            // A failed worker may have no incarnation to show.
            return [.failed, .done, .asleep].contains(state) || state == .ready && worker.incarnation ?? 0 > last
        case .ended(let last): return worker.incarnation.map { $0 > last } ?? true
        case .stopped: return state == .stopped
        case .frozen: return state == .frozen
        case .absent: return false
        }
    }
}

extension Snapshot {
    /// The workers of all services.
    var workersByID: [WorkerID: WorkerSnapshot] {
        Dictionary(
            uniqueKeysWithValues: services.flatMap { service in
                service.workers.map { (WorkerID(service: service.name, number: $0.number), $0) }
            })
    }
}
