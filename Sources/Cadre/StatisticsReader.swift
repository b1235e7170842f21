import ControlGroups
import Processes
import Reactor
import Supervision

/// Reads the kernel's figures of services and incarnations, on whatever thread asks: thousands of small files must not
/// hold up the core.
final class StatisticsReader: Sendable {
    private let root: ControlGroup
    /// Which figures there are of services and incarnations.
    let groups: StatisticsGroups
    private let processes: ProcessReader

    init(root path: String) throws(SystemCallError) {
        root = try ControlGroup.open(path)
        // The supervisor's own cgroup is a child of the root as those of the services are.
        groups = try root.openChild("supervisor").statisticsGroups()
        processes = try ProcessReader()
    }

    /// The delegated root's absolute path.
    var rootPath: String { root.path }

    /// The figures of the cgroup at a path below the root; nil if it is gone.
    func statistics(of path: String) -> Statistics? {
        try? group(path).statistics(groups)
    }

    /// The cgroup at a path below the root.
    func group(_ path: String) throws(SystemCallError) -> ControlGroup {
        try root.openDescendant(path)
    }

    /// The figures of all that `state` names.
    func survey(_ state: FleetState, _ leaders: LeaderFigures = .none) -> Survey {
        var survey = Survey(state: state, groups: groups)
        for service in state.services {
            if service.hasGroup { survey.services[service.name] = statistics(of: service.name) }
            for worker in service.workers {
                for path in worker.groupPaths { survey.incarnations[path] = statistics(of: path) }
                if leaders != .none, let live = worker.shownIncarnation, let pid = live.pid {
                    survey.leaders[live.groupPath] = processes.figures(of: pid, withMemory: leaders == .all)
                }
            }
        }
        return survey
    }
}

/// Which figures of the workers' leaders a survey is to have.
public enum LeaderFigures: Hashable, Sendable {
    /// None.
    case none
    /// Their open descriptors.
    case descriptors
    /// Their open descriptors and their memory.
    case all
}
