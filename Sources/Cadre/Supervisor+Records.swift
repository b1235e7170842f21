import Specification
import Supervision

/// What the records of the journal are made of.
extension Supervisor {
    /// Notes what has changed.
    func noteChanges(in journal: StateJournal) {
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

    /// A part of all that is noted when the journal is written anew.
    enum JournalPiece {
        case specification
        case totals
        case service(String)
        case worker(WorkerID)
    }

    /// All there is to be noted.
    var allPieces: [JournalPiece] {
        var pieces = [JournalPiece.specification, .totals]
        for name in fleet.serviceNames {
            pieces.append(.service(name))
            let workers = fleet.workers(of: name) ?? []
            pieces += workers.indices.map { .worker(WorkerID(service: name, number: $0)) }
        }
        return pieces
    }

    /// Has everything noted anew, even if it hasn't changed.
    func forgetWritten() {
        writtenFleets = [:]
        writtenSpecifications = []
        writtenPolicies = []
    }

    /// Notes all there is of something, if it is still there.
    func note(_ piece: JournalPiece, in journal: StateJournal) {
        switch piece {
        case .specification: journal.set("specification", specification)
        case .totals: note(totalsIn: journal)
        case .service(let name):
            note(fleetOf: name, in: journal)
            note(service: name, in: journal)
            note(countersOf: name, in: journal)
        case .worker(let worker):
            note(worker, in: journal)
            note(usageOf: worker, in: journal)
            // Some may have come to the new file already.
            journal.remove("past:\(worker)")
            for record in records[worker]?.history ?? [] { journal.append("past:\(worker)", record) }
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
        guard var machine = fleet.worker(worker) else { return }
        let live = incarnations[worker] ?? []
        for incarnation in live where writtenSpecifications.insert(incarnation.specificationKey).inserted {
            journal.set("started-with:\(incarnation.specificationKey)", incarnation.specification)
        }
        let policy = note(machine.policy, in: journal)
        machine.policy = nil
        journal.set(
            "worker:\(worker)",
            SavedState.Worker(machine: machine, policy: policy, incarnations: live.map { $0.archive() }))
    }

    /// Notes how workers are supervised, unless that was done, and returns its key.
    private func note(_ policy: WorkerPolicy, in journal: StateJournal) -> Int {
        let key = policies[policy] ?? policies.count
        policies[policy] = key
        if writtenPolicies.insert(key).inserted { journal.set("policy:\(key)", policy) }
        return key
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
