import ControlGroups
import Processes
import Specification

/// A service and what its workers share.
final class Service {
    /// What is in force; an incarnation may run another one, see `Supervisor/specification(of:_:)`.
    var specification: ServiceSpecification {
        didSet {
            credentials = [:]
            specificationKey = Self.makeKey()
        }
    }
    /// What tells this specification from earlier and later ones, in the journal.
    private(set) var specificationKey = makeKey()
    /// The parent of its incarnations' cgroups.
    var group: ControlGroup {
        didSet { recordedSockets = [] }
    }
    /// Its sockets, open from the first start of a worker on, or from the beginning if it is on demand.
    let sockets: ListeningSockets
    /// The paths of those of them that stand on the cgroup.
    var recordedSockets: [String] = []
    /// What is watched while it is on demand; nil if it isn't.
    var demand: Demand?
    /// As whom its workers run, by user, group and further groups, once that was looked up.
    private var credentials: [[String?]: Credentials] = [:]

    private static func makeKey() -> String { String(UInt64.random(in: 0 ... .max), radix: 16) }

    /// The same of one that isn't in force.
    func key(of specification: ServiceSpecification) -> String {
        specification == self.specification ? specificationKey : Self.makeKey()
    }

    init(specification: ServiceSpecification, group: consuming ControlGroup, sockets: ListeningSockets) {
        self.specification = specification
        self.group = group
        self.sockets = sockets
    }

    /// As whom its workers run; nil for the supervisor's own user.
    ///
    /// Looked up at the first start, and again after a change: the user database may be far away.
    func resolveCredentials(of specification: ServiceSpecification) throws(CredentialsError) -> Credentials? {
        let key = [specification.user, specification.group] + specification.supplementaryGroups
        if let known = credentials[key] { return known }
        guard specification.user != nil || specification.group != nil || !specification.supplementaryGroups.isEmpty
        else { return nil }
        let found = try Credentials(
            user: specification.user ?? "\(currentUser())", group: specification.group,
            supplementary: specification.supplementaryGroups)
        try found.requirePrivileges()
        credentials[key] = found
        return found
    }
}
