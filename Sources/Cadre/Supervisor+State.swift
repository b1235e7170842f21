import ControlGroups
import FoundationEssentials
import Logging
import Reactor
import Supervision
import Systemd

/// What is not yet in the journal.
struct Unwritten {
    var specification = true
    var totals = true
    var workers: Set<WorkerID> = []
    /// Those of which something must be in the journal before anything is done about them, even a start: what was
    /// wished. A start that follows from an end is not: its cgroup tells of itself.
    var wishes: Set<WorkerID> = []
    var usage: Set<WorkerID> = []
    var past: [(WorkerID, IncarnationRecord)] = []
    var counters: Set<String> = []
    var services: Set<String> = []
    var forgottenWorkers: [WorkerID] = []
    var forgottenServices: [String] = []
    /// Whether there is no room for it.
    var isFailing = false

    init() {}

    /// All is in the journal; or, if it is failing, is going to be written when there is room.
    static func nothing(isFailing: Bool = false) -> Unwritten {
        var unwritten = Unwritten()
        unwritten.specification = false
        unwritten.totals = false
        unwritten.isFailing = isFailing
        return unwritten
    }

    /// Whether all is in the journal.
    var isEmpty: Bool {
        !specification && !totals && workers.isEmpty && usage.isEmpty && past.isEmpty && counters.isEmpty
            && services.isEmpty && forgottenWorkers.isEmpty && forgottenServices.isEmpty
    }
}

/// What this supervisor leaves to its successor in case it dies.
///
/// It may die between any two system calls. So what is done to a worker from outside, a signal or the removal of its
/// cgroup, waits until the decision for it is in the journal; then the successor does it once more at the worst. What has
/// been done and is not yet in the journal shows in the tree of cgroups.
extension Supervisor {
    /// The journal of a supervisor that has a keeper, who starts the next one; nil without.
    static func makeJournal(
        _ options: Options, id: UInt64, _ root: borrowing DelegatedRoot
    ) throws(SystemCallError) -> StateJournal? {
        guard options.keeper != nil else { return nil }
        try root.group.setJournalID(id)
        return StateJournal(path: options.statePath, header: StateJournal.Header(id: id, root: root.group.path))
    }

    /// How long it is waited before that is tried again which the system had no room for.
    static let retryTime = Duration.seconds(1)
    /// How long anything else waits for a journal that is written anew.
    private static let longestPiece = Duration.milliseconds(1)

    /// Notes that something changed about a worker.
    func noteChange(of worker: WorkerID, _ input: WorkerInput) {
        guard journal != nil else { return }
        switch input {
        // The next one begins with the time of its adoption.
        case .watchdog: return
        case .gone, .leaderExited, .spawned, .spawnFailed, .ready, .stopping, .watchdogTrigger, .extendTimeout, .probed:
            break
        default: unwritten.wishes.insert(worker)
        }
        unwritten.workers.insert(worker)
    }

    /// Notes what actions come to. A roll-out may have changed what its workers would run, and says nothing to them.
    func noteWishes(in actions: [FleetAction], but told: WorkerID? = nil) {
        guard journal != nil else { return }
        for action in actions {
            switch action {
            case .worker(let worker, _): if worker != told { noteWish(for: worker) }
            case .rollout(let name, _):
                let count = fleet.workers(of: name)?.count ?? 0
                unwritten.workers.formUnion((0..<count).map { WorkerID(service: name, number: $0) })
            case .forgetWorker, .forgetService: break
            }
        }
    }

    /// Notes that something was wished of a worker.
    func noteWish(for worker: WorkerID) {
        guard journal != nil else { return }
        unwritten.workers.insert(worker)
        unwritten.wishes.insert(worker)
    }

    /// Sees to it that what was decided about a worker is in the journal before an action of it is done.
    func writeAhead(of action: WorkerAction, of worker: WorkerID) {
        guard journal != nil, unwritten.workers.contains(worker) else { return }
        switch action {
        case .arm, .disarm, .probe, .endProbe, .report: return
        case .spawn: if !unwritten.wishes.contains(worker) { return }
        case .signalLeader, .signalAll, .abortLeader, .kill, .freeze, .thaw, .discard: break
        }
        writeState()
    }

    /// Writes what has changed.
    ///
    /// If there is no room for it, not even in reserve, it is tried again each second; until then the root is marked, so
    /// that a successor knows that it isn't told all.
    func writeState() {
        guard let journal, !isClosed else { return }
        bookPending()
        guard !unwritten.isFailing else {
            unwritten = .nothing(isFailing: true)
            return
        }
        do throws(SystemCallError) {
            if journal.isOpen {
                noteChanges(in: journal)
                do throws(SystemCallError) {
                    try journal.flush()
                } catch {
                    // The second file may have the room, or be sound.
                    events.log(
                        .warning, .trouble, "what a supervisor that follows has to know is written anew: \(error)")
                    try rewrite(journal)
                }
            } else {
                try rewrite(journal)
            }
            unwritten = .nothing()
        } catch {
            unwritten = .nothing(isFailing: true)
            events.log(
                .warning, .trouble,
                "if this supervisor dies, the one that follows won't know all that it should: \(error)")
            markRoot(asIncomplete: true)
            scheduleRetry()
        }
        if journal.hasGrown || !journal.isSpareClean { scheduleRenewal() }
    }

    /// Writes what has changed, if anything has; when all events that came together have been dealt with, if that is now
    /// being done.
    func writeStateSoon() {
        if !unwritten.isEmpty, !reactor.isDispatching { writeState() }
    }

    /// Writes all there is, at once.
    private func rewrite(_ journal: StateJournal) throws(SystemCallError) {
        renewal = nil
        forgetWritten()
        try journal.rewrite(expecting: fleet.summary.workers * StateJournal.sizeOfWorker) {
            for piece in allPieces { note(piece, in: journal) }
        }
        reserveRoom()
    }

    /// Tries again what could not be written, until it can.
    private func scheduleRetry() {
        _ = reactor.schedule(at: Reactor.now + Self.retryTime) { [unowned self] in
            guard unwritten.isFailing, !isClosed, let journal else { return }
            bookPending()
            do throws(SystemCallError) {
                try rewrite(journal)
                unwritten = .nothing()
                markRoot(asIncomplete: !knowsAll)
                events.log(.notice, .trouble, "there is room again for what the supervisor that follows has to know")
            } catch {
                scheduleRetry()
            }
        }
    }

    /// Notes on the root whether a successor is told all.
    func markRoot(asIncomplete isIncomplete: Bool) {
        do {
            try root.group.markJournal(asIncomplete: isIncomplete)
        } catch {
            events.log(.warning, .trouble, "what is to be known of the journal can't be written down: \(error)")
        }
    }

    // MARK: Renewal

    /// Asks for the room that the journal is going to need.
    private func reserveRoom() {
        do throws(SystemCallError) {
            try journal?.reserve()
            isShortOfRoom = false
        } catch {
            if !isShortOfRoom {
                events.log(
                    .warning, .trouble,
                    "there is no room to keep in reserve for what a supervisor that follows has to know; make some: \(error)"
                )
            }
            isShortOfRoom = true
            _ = reactor.schedule(at: Reactor.now + Self.retryTime) { [unowned self] in
                guard isShortOfRoom, !isClosed else { return }
                reserveRoom()
                if !isShortOfRoom { renewState() }
            }
        }
    }

    private func scheduleRenewal() {
        guard !isRenewalScheduled, !isShortOfRoom else { return }
        isRenewalScheduled = true
        // A job of this actor's own executor, before which the reactor looks for events.
        Task {
            isRenewalScheduled = false
            renewState()
        }
    }

    /// Goes on with the journal's renewal, or gets ready for the next one, for a millisecond.
    private func renewState() {
        guard let journal, !isClosed, !unwritten.isFailing, !isShortOfRoom else { return }
        // What is noted from here on is then what there is, and no end of an incarnation is there twice.
        if !unwritten.isEmpty { writeState() }
        let deadline = Reactor.now + Self.longestPiece
        do throws(SystemCallError) {
            if !journal.isSpareClean, renewal == nil {
                while try journal.clearSpare(), Reactor.now < deadline {}
            } else if renewal == nil {
                guard journal.hasGrown else { return }
                try journal.beginRenewal()
                forgetWritten()
                renewal = allPieces.reversed()
                try journal.renew {}
            } else if !journal.isRenewing {
                // It could not be given what came meanwhile.
                renewal = nil
            } else if renewal?.isEmpty == true {
                renewal = nil
                try journal.endRenewal()
                reserveRoom()
            } else {
                try journal.renew {
                    while let piece = renewal?.popLast() {
                        note(piece, in: journal)
                        if Reactor.now >= deadline { break }
                    }
                }
            }
        } catch {
            renewal = nil
            // It asks for room until there is some, and then comes back here.
            reserveRoom()
            if !isShortOfRoom {
                events.log(
                    .warning, .trouble, "what a supervisor that follows has to know can't be written anew: \(error)")
                return
            }
        }
        if renewal != nil || journal.hasGrown || !journal.isSpareClean { scheduleRenewal() }
    }
}
