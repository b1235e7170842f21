import ControlGroups
import Logging
import Processes
import Reactor
public import Supervision
import SystemPackage
import Systemd

/// What others may ask for.
extension Supervisor {
    /// Gives workers a command, all of them or none.
    ///
    /// A command is a decision: the latest one for a worker counts, and it never waits for an earlier one to end.
    ///
    /// What is started takes with it what that requires and what is down; what is stopped, what requires that.
    ///
    /// - Returns: the order, for ``outcome(of:until:within:)``.
    /// - Parameters:
    ///   - command: what to do.
    ///   - named: the workers.
    ///   - rights: whose services may be concerned.
    /// - Throws: ``CommandError/conflict(_:)`` if a worker isn't in a state for it.
    @discardableResult
    public func command(
        _ command: WorkerCommand, on named: [WorkerID], rights: ServiceRights = .all
    ) throws(CommandError) -> Order {
        try requireRunning()
        for worker in named where fleet.worker(worker) == nil {
            throw .unknown(UnknownNameError(name: "\(worker)", services: fleet.serviceNames))
        }
        let workers = extent(of: command, on: named)
        try rights.require(workers.map(\.service))
        // What is refused must not supersede anything.
        try check(command, workers)
        let order = note(command, workers)
        switch command {
        case .start: perform(fleet.handle(workers, .start, at: Reactor.now))
        case .stop: perform(fleet.handle(workers, .stop, at: Reactor.now))
        case .restart: perform(fleet.restart(workers, at: Reactor.now))
        case .reset: for worker in workers { tell(worker, .reset) }
        case .kill: for worker in workers { tell(worker, .kill) }
        case .freeze: for worker in workers { tell(worker, .freeze) }
        case .thaw: for worker in workers { tell(worker, .thaw) }
        case .signal(let signal, let recipients):
            for worker in workers { try send(signal, to: recipients, of: worker) }
        }
        touched.formUnion(workers)
        noteProgress()
        return order
    }

    /// That the workers are in a state for a command.
    private func check(_ command: WorkerCommand, _ workers: [WorkerID]) throws(CommandError) {
        switch command {
        case .kill: try requireAny(of: workers, to: "be killed")
        case .signal: try requireAny(of: workers, to: "get a signal")
        case .freeze:
            for worker in workers {
                guard let state = fleet.worker(worker)?.state, state != .ready, state != .frozen else { continue }
                throw .conflict("\(worker) is \(state.rawValue); only a worker that is ready can be frozen")
            }
        case .start, .stop, .restart, .reset, .thaw: break
        }
    }

    private func note(_ command: WorkerCommand, _ workers: [WorkerID]) -> Order {
        var ended: [WorkerID: UInt64] = [:]
        switch command {
        case .stop, .restart, .kill:
            for worker in workers { ended[worker] = fleet.worker(worker)?.lastNumber }
        case .start, .reset, .freeze, .thaw, .signal: break
        }
        return orders.note(workers, command.intent, ended: ended)
    }

    func requireRunning() throws(CommandError) {
        switch phase {
        case .running: return
        case .created: throw .conflict("the supervisor is not running yet")
        case .stopping, .over: throw .conflict("the supervisor is stopping")
        }
    }

    private func requireAny(of workers: [WorkerID], to what: String) throws(CommandError) {
        guard workers.allSatisfy({ incarnations[$0] == nil }) else { return }
        let names = workers.map(\.description).joined(separator: ", ")
        throw .conflict("nothing of \(names) runs that could \(what); cadre status shows the workers")
    }

    private func send(
        _ signal: Int32, to recipients: WorkerCommand.Recipients, of worker: WorkerID
    ) throws(CommandError) {
        guard let incarnation = incarnations[worker]?.last else { return }
        do throws(SystemCallError) {
            switch recipients {
            case .leader:
                if let leader = incarnation.leader, incarnation.exit == nil {
                    try Pidfd.signal(leader.pidfd, signal)
                }
            case .children: try incarnation.group.signalAll(signal, but: incarnation.leader?.pid)
            case .all: try incarnation.group.signalAll(signal)
            }
        } catch {
            // One that ended meanwhile got what the signal was for, most likely.
            guard error.errno != .noSuchProcess else { return }
            throw .failed("\(worker) could not be sent \(Signal(rawValue: signal)): \(error)")
        }
        events.log(
            .notice, .signalled, "sent \(Signal(rawValue: signal)) to \(recipients.phrase) of \(worker)", worker,
            incarnation.number)
    }

    // MARK: Waiting

    /// Waits until each worker of an order has got to a milestone, or won't, or the time is over.
    ///
    /// It may be cancelled: then it returns at once what is known. The order itself goes on in any case.
    public func outcome(
        of order: Order, until milestone: Milestone, within time: Duration?
    ) async -> [WorkerOutcome] {
        let key = orders.makeKey()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Asked here, as an await on the way may let events have their turn.
                let timer = time.map { time in
                    reactor.schedule(at: Reactor.now + time) { [unowned self] in giveUp(key) }
                }
                orders.add(key, order, milestone, timer: timer, continuation)
                for worker in order.workers { settle(worker) }
                if order.workers.isEmpty || Task.isCancelled || phase == .over { giveUp(key) }
            }
        } onCancel: {
            // Not on the threads of the standard executor, which an idle supervisor would be woken by.
            Task(executorPreference: reactor) { await self.giveUp(key) }
        }
    }

    /// What became of an order so far, without a wait.
    public func outcome(of order: Order) -> [WorkerOutcome] {
        order.workers.map { outcome($0, .accepted) }
    }

    private func giveUp(_ key: UInt64) {
        orders.finish(key, on: reactor) { outcome($0, .timedOut) }
    }

    /// Tells those who wait for a worker what became of it.
    func settle(_ worker: WorkerID) {
        orders.settle(worker, on: reactor) { order, milestone in
            // Of one that is no more it isn't known any longer which command came last.
            guard let machine = fleet.worker(worker) else {
                return outcome(worker, milestone == .stopped || order.leaving.contains(worker) ? .reached : .superseded)
            }
            if orders.isSuperseded(worker, in: order) { return outcome(worker, .superseded) }
            if order.leaving.contains(worker) { return nil }
            switch rolloutOutcome(of: worker, in: order) {
            case .none: break
            case .pending: return nil
            case .decided(let decided): return outcome(worker, decided)
            }
            if let ended = order.ended[worker], machine.hasIncarnation(upTo: ended) { return nil }
            switch milestone {
            case .stopped: return outcome(worker, .reached)
            case .ready: return readiness(of: worker, machine)
            case .frozen:
                guard let current = machine.current, current.isFrozen else { return outcome(worker, .superseded) }
                return live(worker, current.number)?.isFrozen == true ? outcome(worker, .reached) : nil
            }
        }
    }

    private func readiness(of worker: WorkerID, _ machine: WorkerMachine) -> WorkerOutcome? {
        // Not before another command.
        if machine.hold?.isBlocked == true { return outcome(worker, .failed) }
        guard !fleet.isToBeReplaced(worker) else { return nil }
        switch machine.state {
        case .ready: return outcome(worker, .reached)
        case .failed: return outcome(worker, .failed)
        case .done, .asleep: return outcome(worker, .done)
        // It was stopped before the order came, and the order doesn't start it.
        case .stopped: return machine.goal == .running ? nil : outcome(worker, .done)
        case .waiting, .starting, .frozen, .draining, .stopping, .killing: return nil
        }
    }

    private func outcome(_ worker: WorkerID, _ outcome: WorkerOutcome.Outcome) -> WorkerOutcome {
        WorkerOutcome(
            worker: "\(worker)", outcome: outcome, state: fleet.worker(worker)?.state.rawValue,
            lastExit: outcome == .failed ? records[worker]?.lastExit : nil,
            waitingFor: fleet.worker(worker)?.hold?.description)
    }

    // MARK: Following

    /// How everything is, and what happens from then on, without a gap.
    ///
    /// - Parameter id: the last event that was seen, for one who comes back: if all that came after it is still known
    ///   there is no snapshot, and the events go on from there.
    public func subscribe(after id: EventID? = nil) -> Subscription {
        if let id, let missed = events.stream.kept(after: id) {
            return Subscription(snapshot: nil, events: events.stream.follow(after: missed))
        }
        return Subscription(snapshot: state(), events: events.stream.follow(after: []))
    }
}

extension WorkerCommand.Recipients {
    fileprivate var phrase: String {
        switch self {
        case .leader: "the leader"
        case .children: "the children"
        case .all: "all processes"
        }
    }
}
