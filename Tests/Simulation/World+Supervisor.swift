import FoundationEssentials
import Supervision

/// What a supervisor that died has left, and what happened since.
struct Remains {
    let fleet: Data
    let services: [String: Data]
    let workers: [String: [Data]]
    /// What the next one finds: who ended, and what is in the queues of sockets.
    var missed: [(worker: WorkerID, input: WorkerInput)] = []
}

/// The death of supervisors, who write down what they know as they go, and those who follow them.
extension World {
    mutating func supervisorDies(for time: Duration) {
        tally.supervisorDeaths += 1
        let encoder = JSONEncoder()
        // What fails here would fail at its return.
        func encode(_ value: some Encodable) -> Data { (try? encoder.encode(value)) ?? Data() }
        let names = fleet.serviceNames
        remains = Remains(
            fleet: encode(fleet.archive),
            services: Dictionary(uniqueKeysWithValues: names.map { ($0, encode(fleet.archive(of: $0))) }),
            workers: Dictionary(uniqueKeysWithValues: names.map { ($0, fleet.workers(of: $0)!.map { encode($0) }) }))
        armed = [:]
        probed = [:]
        schedule(.supervisorReturns, at: now + time)
    }

    mutating func supervisorReturns() throws(Violation) {
        guard let remains else { return }
        do {
            try restore(remains)
        } catch let error as Violation {
            throw error
        } catch {
            throw Violation(rule: "what is written down can be read", what: "\(error)", at: now)
        }
    }

    private mutating func restore(_ remains: Remains) throws {
        let decoder = JSONDecoder()
        let before = fleet
        self.remains = nil
        fleet = Fleet(seed: scenario.seed &+ UInt64(tally.supervisorDeaths))
        fleet.restore(try decoder.decode(Fleet.Archive.self, from: remains.fleet))
        var missing: [WorkerID] = []
        for name in remains.services.keys.sorted() {
            let workers = try remains.workers[name]!.map { try decoder.decode(WorkerMachine.self, from: $0) }
            let archive = try decoder.decode(Fleet.ServiceArchive.self, from: remains.services[name]!)
            missing += fleet.restore(
                name, archive, workers: Dictionary(uniqueKeysWithValues: workers.enumerated().map { ($0, $1) }), at: now
            ).map { WorkerID(service: name, number: $0) }
        }
        try hold(
            fleet.summary == before.summary && fleet.archive == before.archive, "what is written down is all there is",
            "the fleet was \(before.summary), and is \(fleet.summary)")
        for worker in missing { try tell(worker, fleet.startsAsleep(worker.service) ? .sleep : .start) }
        for name in fleet.serviceNames {
            for (number, machine) in fleet.workers(of: name)!.enumerated() {
                let worker = WorkerID(service: name, number: number)
                for (deadline, at) in machine.deadlines.sorted(by: { "\($0.key)" < "\($1.key)" }) {
                    arm(worker, deadline, at: max(at, now))
                }
                for incarnation in machine.incarnations { try resume(worker, incarnation) }
            }
        }
        for (worker, input) in remains.missed { try tell(worker, input) }
        try perform(fleet.goOn(at: now))
    }

    /// Does once more what may not have been done.
    private mutating func resume(_ worker: WorkerID, _ incarnation: Incarnation) throws(Violation) {
        let number = incarnation.number
        switch incarnation.phase {
        case .killing: try perform([.worker(worker, .kill(number))])
        case .stopping: try perform([.worker(worker, .signalLeader(number))])
        case .starting, .ready, .draining:
            if let probe = incarnation.probe, probe.dueAt == nil {
                try perform([.worker(worker, .probe(number, probe.kind))])
            }
        }
    }
}
