public import ControlGroups
import Reactor

/// Reads the kernel's figures of services and incarnations, on whatever thread asks: thousands of small files must not
/// hold up the core.
final class StatisticsReader: Sendable {
    private let root: ControlGroup

    init(root path: String) throws(SystemCallError) {
        root = try ControlGroup.open(path)
    }

    /// The delegated root's absolute path.
    var rootPath: String { root.path }

    /// The figures of the cgroup at a path below the root; nil if it is gone.
    func statistics(of path: String) -> Statistics? {
        try? group(path).statistics()
    }

    /// The cgroup at a path below the root.
    func group(_ path: String) throws(SystemCallError) -> ControlGroup {
        try root.openDescendant(path)
    }

    /// The figures of all that `state` names.
    func survey(_ state: FleetState) -> Survey {
        var survey = Survey(state: state)
        for service in state.services {
            if service.hasGroup { survey.services[service.name] = statistics(of: service.name) }
            for worker in service.workers {
                for live in worker.live { survey.incarnations[live.groupPath] = statistics(of: live.groupPath) }
            }
        }
        return survey
    }
}

/// What the supervisor knows, and the kernel's figures for it, which are read a moment later.
public struct Survey: Sendable {
    /// What the supervisor knows.
    public var state: FleetState
    /// The figures of services' own cgroups, which keep what dead incarnations used, by name.
    public var services: [String: Statistics] = [:]
    /// The figures of incarnations, by the path of their cgroup; one that ended meanwhile has none.
    public var incarnations: [String: Statistics] = [:]

    /// What a worker has used, past incarnations included.
    public func usage(of worker: WorkerDetail) -> Usage {
        worker.live.reduce(worker.past) { sum, live in
            incarnations[live.groupPath].map { sum + Usage($0) } ?? sum
        }
    }
}
