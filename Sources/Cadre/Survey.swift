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
    /// The cgroups that could not be read though their incarnation lives: there are too few descriptors, for one.
    private var unreadable: Set<String> = []

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
    public func isComplete(_ worker: WorkerDetail) -> Bool {
        unreadable.isEmpty || !worker.groupPaths.contains { unreadable.contains($0) && incarnations[$0] == nil }
    }

    /// The workers of which a cgroup was named by the supervisor and then not there.
    var incomplete: [WorkerID] {
        state.services.flatMap { $0.workers.filter { !isRead($0) }.map(\.id) }
    }

    private func isRead(_ worker: WorkerDetail) -> Bool {
        worker.groupPaths.allSatisfy { incarnations[$0] != nil }
    }

    /// Takes over how the ``incomplete`` workers are after their cgroups could not be read; those missing are forgotten.
    ///
    /// An incarnation whose cgroup was gone is part of its worker's past by now: its usage is counted before its cgroup
    /// is removed. One that came since is in no earlier survey, and need not be in this one.
    mutating func update(_ workers: [WorkerDetail]) {
        let present = Dictionary(uniqueKeysWithValues: workers.map { ($0.id, $0) })
        for index in state.services.indices {
            state.services[index].workers = state.services[index].workers.compactMap { former in
                if isRead(former) { return former }
                guard let worker = present[former.id] else { return nil }
                unreadable.formUnion(
                    Set(former.groupPaths).intersection(worker.groupPaths).filter { incarnations[$0] == nil })
                return worker
            }
        }
    }
}

extension WorkerDetail {
    /// The cgroups whose figures are no part of ``past``.
    var groupPaths: [String] { live.map(\.groupPath) + ended }
}
