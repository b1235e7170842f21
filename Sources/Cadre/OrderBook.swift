import Reactor
import Supervision

/// Which command came last for each worker, and who waits for the outcome of one.
///
/// It lives on the core's thread.
final class OrderBook {
    /// Somebody who waits.
    private struct Waiter {
        let order: Order
        let milestone: Milestone
        let continuation: CheckedContinuation<[WorkerOutcome], Never>
        var timer: Timer?
        var remaining: Set<WorkerID>
        var outcomes: [WorkerID: WorkerOutcome] = [:]
    }

    /// What a command wants a worker to be.
    enum Intent: Hashable {
        case running, stopped, frozen, absent
    }

    private var lastNumber: UInt64 = 0
    private var latest: [WorkerID: (number: UInt64, intent: Intent)] = [:]
    private var waiters: [UInt64: Waiter] = [:]
    private var waitersByWorker: [WorkerID: Set<UInt64>] = [:]
    private var lastWaiter: UInt64 = 0

    /// Notes a command for workers. It supersedes those that came before and wanted something else.
    ///
    /// - Parameter intent: nil for a command that changes nothing of what is wanted.
    func note(
        _ workers: [WorkerID], _ intent: Intent?, ended: [WorkerID: UInt64] = [:], leaving: Set<WorkerID> = [],
        rollouts: [String: Order.Rollout] = [:]
    ) -> Order {
        lastNumber += 1
        var numbers: [WorkerID: UInt64] = [:]
        for worker in workers {
            let wanted = leaving.contains(worker) ? .absent : intent
            if let wanted, latest[worker]?.intent != wanted { latest[worker] = (lastNumber, wanted) }
            if wanted != nil { numbers[worker] = latest[worker]?.number }
        }
        return Order(workers: workers, numbers: numbers, ended: ended, leaving: leaving, rollouts: rollouts)
    }

    /// Whether a later command wants something else of the worker.
    func isSuperseded(_ worker: WorkerID, in order: Order) -> Bool {
        guard let number = order.numbers[worker] else { return false }
        return latest[worker]?.number != number
    }

    /// Forgets a worker that is no more.
    func forget(_ worker: WorkerID) {
        latest[worker] = nil
    }

    // MARK: Waiting

    /// The key for one who is going to wait.
    func makeKey() -> UInt64 {
        lastWaiter += 1
        return lastWaiter
    }

    /// Keeps somebody waiting for the workers of an order until each has an outcome.
    func add(
        _ key: UInt64, _ order: Order, _ milestone: Milestone, timer: Timer?,
        _ continuation: CheckedContinuation<[WorkerOutcome], Never>
    ) {
        waiters[key] = Waiter(
            order: order, milestone: milestone, continuation: continuation, timer: timer,
            remaining: Set(order.workers))
        for worker in order.workers { waitersByWorker[worker, default: []].insert(key) }
    }

    /// Looks what became of a worker for those who wait for it; `outcome` is nil while there is nothing to tell.
    func settle(_ worker: WorkerID, on reactor: Reactor, _ outcome: (Order, Milestone) -> WorkerOutcome?) {
        for key in waitersByWorker[worker, default: []] {
            guard let waiter = waiters[key], let result = outcome(waiter.order, waiter.milestone) else { continue }
            waiters[key]!.outcomes[worker] = result
            waiters[key]!.remaining.remove(worker)
            leave(worker, key)
            if waiters[key]!.remaining.isEmpty { finish(key, on: reactor) { _ in preconditionFailure() } }
        }
    }

    /// Ends a wait that may be over already: what has no outcome yet gets what `outcome` says.
    func finish(_ key: UInt64, on reactor: Reactor, _ outcome: (WorkerID) -> WorkerOutcome) {
        guard let waiter = waiters.removeValue(forKey: key) else { return }
        if let timer = waiter.timer { reactor.cancel(timer) }
        for worker in waiter.remaining { leave(worker, key) }
        waiter.continuation.resume(returning: waiter.order.workers.map { waiter.outcomes[$0] ?? outcome($0) })
    }

    private func leave(_ worker: WorkerID, _ key: UInt64) {
        waitersByWorker[worker]?.remove(key)
        if waitersByWorker[worker]?.isEmpty == true { waitersByWorker[worker] = nil }
    }
}
