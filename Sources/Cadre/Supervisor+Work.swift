import ControlGroups
import Logging
import Reactor
import Supervision
import Systemd

/// An action that isn't done yet.
struct PendingAction {
    let action: FleetAction
    /// Whether what it tells is booked already; see ``Supervisor/bookPending()``.
    var isBooked = false

    init(_ action: FleetAction) {
        self.action = action
    }
}

/// What the fleet wants, in order.
extension Supervisor {
    /// Tells the fleet what happened to a worker, and does what it wants.
    func tell(_ worker: WorkerID, _ input: WorkerInput) {
        guard !isClosed else { return }
        touched.insert(worker)
        let actions = fleet.handle(worker, input, at: Reactor.now)
        noteChange(of: worker, input)
        noteWishes(in: actions, but: worker)
        pending += actions.map { PendingAction($0) }
        work()
    }

    /// Does what somebody's wish calls for.
    func perform(_ actions: [FleetAction]) {
        noteWishes(in: actions)
        pending += actions.map { PendingAction($0) }
        work()
    }

    /// Tells the fleet several things before anything of it is done, so that nobody takes a part for the whole: that
    /// the first service is ready doesn't mean that all are.
    func together(_ tell: () -> Void) {
        isWorking = true
        tell()
        isWorking = false
        work()
    }

    /// Does what is pending, in order.
    ///
    /// What it does may be answered by more. After some milliseconds it lets other events have their turn: a thousand
    /// workers that start must not keep an old one from being restarted, or the watchdog from being fed.
    private func work() {
        guard !isWorking else { return }
        isWorking = true
        let deadline = Reactor.now + .milliseconds(5)
        var done = 0
        while done < pending.count, Reactor.now < deadline {
            let next = pending[done]
            pending[done].isBooked = true
            done += 1
            perform(next)
        }
        reportPostponed()
        pending.removeFirst(done)
        isWorking = false
        if !pending.isEmpty, !isContinuationScheduled {
            isContinuationScheduled = true
            // A job of this actor's own executor, before which the reactor looks for events without sleeping.
            Task {
                isContinuationScheduled = false
                work()
            }
        }
        noteProgress()
    }

    /// Books what is still to be reported, so that no state of a worker is in the journal without what came with it: if
    /// this supervisor dies, the one that follows is not told again.
    func bookPending() {
        for index in pending.indices where !pending[index].isBooked {
            guard case .worker(let worker, .report(let event)) = pending[index].action else { continue }
            pending[index].isBooked = true
            book(event, of: worker)
        }
    }

    private func perform(_ pending: PendingAction) {
        if !pending.action.mayPrecedeReports { reportPostponed() }
        switch pending.action {
        case .worker(let worker, .report(let event)):
            if !pending.isBooked { book(event, of: worker) }
            if event.precedesStart { postponed.append((event, worker)) } else { report(event, of: worker) }
        case .worker(let worker, let action):
            writeAhead(of: action, of: worker)
            perform(action, of: worker)
        case .forgetWorker(let worker):
            leaveSockets(of: worker)
            dropStoredDescriptors(of: worker)
            endUnclaimed(of: worker)
            records[worker] = nil
            unwritten.forgottenWorkers.append(worker)
            unwritten.totals = true
            lastLogs[worker] = nil
            orders.forget(worker)
            touched.insert(worker)
        case .forgetService(let name): forget(name)
        case .rollout(let name, let event): report(event, of: name)
        }
    }

    /// Tells of what waited for a start.
    func reportPostponed() {
        for (event, worker) in exchange(&postponed, with: []) { report(event, of: worker) }
    }

    private func forget(_ name: String) {
        counters[name] = nil
        unwritten.forgottenServices.append(name)
        revisions[name] = nil
        rolloutProblems[name] = nil
        guard let service = services.removeValue(forKey: name) else { return }
        endDemand(of: service)
        do {
            try root.group.removeTree(childNamed: name)
        } catch {
            events.log(.warning, .failed, "\(name): \(error)", service: name)
        }
    }
}

extension FleetAction {
    /// Whether it is done before what waits to be reported is: a start, which reports that itself, and more of the same.
    fileprivate var mayPrecedeReports: Bool {
        switch self {
        case .worker(_, .spawn): true
        case .worker(_, .report(let event)): event.precedesStart
        default: false
        }
    }
}

extension WorkerEvent {
    /// Whether it only tells of what a start may follow from.
    fileprivate var precedesStart: Bool {
        switch self {
        case .ended, .restarting: true
        default: false
        }
    }
}
