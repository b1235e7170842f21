public import ControlGroups
public import Processes
import Supervision

/// What the supervisor knows, and the kernel's figures for it, which are read a moment later.
public struct Survey: Sendable {
    /// What the supervisor knows.
    public var state: FleetState
    /// Which of the kernel's figures there are on this machine.
    public var groups: StatisticsGroups = []
    /// The figures of services' own cgroups, which keep what dead incarnations used, by name.
    public var services: [String: Statistics] = [:]
    /// The figures of incarnations, by the path of their cgroup; one that ended meanwhile has none.
    public var incarnations: [String: Statistics] = [:]
    /// The figures of the leaders of those incarnations that others see, by the path of their cgroup.
    public var leaders: [String: ProcessFigures] = [:]
    /// The cgroups of incarnations that came after the reading.
    private var added: Set<String> = []

    /// What the supervisor knows alone.
    public init(state: FleetState, groups: StatisticsGroups = []) {
        self.state = state
        self.groups = groups
    }

    /// What a worker has used, past incarnations included.
    public func usage(of worker: WorkerDetail) -> Usage {
        var sum = worker.past
        for path in worker.groupPaths {
            if let statistics = incarnations[path] { sum += Usage(statistics) }
        }
        return sum
    }

    /// Whether ``usage(of:)`` is all of it, so that it is no less than what an earlier survey said.
    ///
    /// It is not if a cgroup can't be read: there are too few descriptors, for one, or the worker is just scaled away.
    public func isComplete(_ worker: WorkerDetail) -> Bool {
        worker.groupPaths.allSatisfy { incarnations[$0] != nil || added.contains($0) }
    }

    /// Takes over how those workers are of which an incarnation has ended since the supervisor was asked.
    ///
    /// Such an incarnation counts with what it had used when it ended, whatever could be read of it: its cgroup is gone,
    /// or has grown since by what its last process did on its way out, and later surveys will not know of that. One that
    /// came since is in no earlier survey, and need not be in this one.
    mutating func update(_ workers: [WorkerDetail]) {
        let present = Dictionary(uniqueKeysWithValues: workers.map { ($0.id, $0) })
        for service in state.services.indices {
            for index in state.services[service].workers.indices {
                let former = state.services[service].workers[index]
                guard let worker = present[former.id] else { continue }
                added.formUnion(Set(worker.groupPaths).subtracting(former.groupPaths))
                state.services[service].workers[index] = worker
            }
        }
    }
}

extension WorkerDetail {
    /// The cgroups whose figures are no part of ``past``.
    var groupPaths: [String] { live.map(\.groupPath) + ended }
}
