import Reactor
public import Supervision

/// What names stand for.
extension Supervisor {
    /// The workers that `names` stand for: `web/0`, or `web` for all of that service.
    ///
    /// - Throws: ``UnknownNameError`` for a name of nothing.
    public func workers(matching names: [String]) throws(UnknownNameError) -> [WorkerID] {
        let services = fleet.serviceNames
        let all = services.flatMap { name in
            (fleet.workers(of: name) ?? []).indices.map { WorkerID(service: name, number: $0) }
        }
        return try find(names, in: all, of: services)
    }

    nonisolated func workers(matching names: [String], in state: FleetState) throws(UnknownNameError) -> [WorkerID] {
        try find(names, in: state.services.flatMap { $0.workers.map(\.id) }, of: state.services.map(\.name))
    }

    private nonisolated func find(
        _ names: [String], in all: [WorkerID], of services: [String]
    ) throws(UnknownNameError) -> [WorkerID] {
        var workers: [WorkerID] = []
        var known: Set<WorkerID> = []
        for name in names {
            let error = UnknownNameError(name: name, services: services)
            guard let pattern = try? NamePattern(name) else { throw error }
            let found = all.filter(pattern.matches)
            if found.isEmpty, !services.contains(where: pattern.matches(service:)) { throw error }
            workers += found.filter { known.insert($0).inserted }
        }
        return workers
    }
}
