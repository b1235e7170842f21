import ControlGroups
import FoundationEssentials
import Logging
import Reactor
import Specification
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
    /// Whether there was room for all so far.
    var isFailing = false

    init() {}

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
    /// How long there may be no room for the journal before it is tried again.
    private static let retryTime = Duration.seconds(1)

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
    func writeState() {
        guard let journal, !isClosed else { return }
        bookPending()
        do throws(SystemCallError) {
            if journal.wantsRewriting {
                try journal.rewrite { noteAll(in: journal) }
            } else {
                noteChanges(in: journal)
                try journal.flush()
            }
            unwritten.isFailing = false
        } catch {
            // It is written anew at the next change, or when there is room again.
            if !unwritten.isFailing {
                events.log(
                    .warning, .trouble,
                    "if this supervisor dies, the one that follows won't know all that it should: \(error)")
                scheduleRetry()
            }
            unwritten.isFailing = true
        }
        let isFailing = unwritten.isFailing
        unwritten = Unwritten()
        unwritten.specification = false
        unwritten.totals = false
        unwritten.isFailing = isFailing
    }

    /// Tries again what could not be written, until it can.
    private func scheduleRetry() {
        _ = reactor.schedule(at: Reactor.now + Self.retryTime) { [unowned self] in
            guard unwritten.isFailing, !isClosed else { return }
            writeState()
            if unwritten.isFailing {
                scheduleRetry()
            } else {
                events.log(.notice, .trouble, "there is room again for what the supervisor that follows has to know")
            }
        }
    }

    private func noteChanges(in journal: StateJournal) {
        if unwritten.specification { journal.set("specification", specification) }
        if unwritten.totals || fleet.archive != writtenFleet { note(totalsIn: journal) }
        for name in unwritten.services { note(service: name, in: journal) }
        for name in Set(unwritten.workers.map(\.service)) { note(fleetOf: name, in: journal) }
        for worker in unwritten.workers {
            note(worker, in: journal)
            // It was forgotten a moment ago; what is left of it shows in the tree of cgroups.
            if fleet.worker(worker) == nil { journal.remove("worker:\(worker)") }
        }
        for worker in unwritten.usage { note(usageOf: worker, in: journal) }
        for (worker, record) in unwritten.past { journal.append("past:\(worker)", record) }
        for name in unwritten.counters { note(countersOf: name, in: journal) }
        for worker in unwritten.forgottenWorkers where fleet.worker(worker) == nil {
            for prefix in ["worker", "usage", "past"] { journal.remove("\(prefix):\(worker)") }
        }
        for name in unwritten.forgottenServices where fleet.workers(of: name) == nil {
            writtenFleets[name] = nil
            for prefix in ["fleet", "service", "revisions", "counters"] { journal.remove("\(prefix):\(name)") }
        }
    }

    private func noteAll(in journal: StateJournal) {
        writtenFleets = [:]
        writtenSpecifications = []
        journal.set("specification", specification)
        note(totalsIn: journal)
        for name in fleet.serviceNames {
            note(fleetOf: name, in: journal)
            note(service: name, in: journal)
            note(countersOf: name, in: journal)
            for number in (fleet.workers(of: name) ?? []).indices {
                let worker = WorkerID(service: name, number: number)
                note(worker, in: journal)
                note(usageOf: worker, in: journal)
                for record in records[worker]?.history ?? [] { journal.append("past:\(worker)", record) }
            }
        }
    }

    private var totals: SavedState.Totals {
        SavedState.Totals(
            ends: ends, fleet: fleet.archive, isStopping: phase == .stopping, essentialFailure: essentialFailure)
    }

    private func note(totalsIn journal: StateJournal) {
        writtenFleet = fleet.archive
        journal.set("totals", totals)
    }

    private func note(fleetOf name: String, in journal: StateJournal) {
        guard let archive = fleet.archive(of: name), writtenFleets[name] != archive else { return }
        writtenFleets[name] = archive
        journal.set("fleet:\(name)", archive)
    }

    private func note(service name: String, in journal: StateJournal) {
        if let known = revisions[name] { journal.set("revisions:\(name)", known) }
        guard let service = services[name] else { return }
        journal.set("service:\(name)", service.specification)
    }

    private func note(countersOf name: String, in journal: StateJournal) {
        guard let counters = counters[name] else { return }
        journal.set("counters:\(name)", counters)
    }

    private func note(usageOf worker: WorkerID, in journal: StateJournal) {
        guard var record = records[worker] else { return }
        // That is in records of its own.
        record.history = []
        journal.set("usage:\(worker)", record)
    }

    private func note(_ worker: WorkerID, in journal: StateJournal) {
        guard let machine = fleet.worker(worker) else { return }
        let live = incarnations[worker] ?? []
        for incarnation in live where writtenSpecifications.insert(incarnation.specificationKey).inserted {
            journal.set("started-with:\(incarnation.specificationKey)", incarnation.specification)
        }
        journal.set(
            "worker:\(worker)",
            SavedState.Worker(
                machine: machine, incarnations: live.map { $0.archive() }))
    }
}

extension LiveIncarnation {
    fileprivate func archive() -> SavedState.Incarnation {
        SavedState.Incarnation(
            number: number, specification: specificationKey, limits: limits, firstPid: firstPid,
            leader: leader.map { SavedState.Leader($0) }, formerLeaders: formerLeaders.map { SavedState.Leader($0) },
            exit: exit, statusText: statusText, isCounted: isCounted, memoryHighTouches: memoryHighTouches,
            hasTouchedTasksMax: hasTouchedTasksMax, keptName: keptName, healthProbe: healthProbe, lastProbe: lastProbe)
    }
}

extension SavedState.Leader {
    fileprivate init(_ leader: LiveIncarnation.Leader) {
        self.init(pid: leader.pid, isOwn: leader.parent != .other)
    }
}
