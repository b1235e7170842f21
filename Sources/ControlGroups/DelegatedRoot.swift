import CLinux
import Reactor
import SystemPackage

/// The cgroup in which one supervisor rules: `<root>/supervisor` holds itself, `<root>/<service>` the workers.
///
/// It is locked, so that no second supervisor takes it over while this value lives.
public struct DelegatedRoot: ~Copyable, Sendable {
    /// The root itself.
    public let group: ControlGroup
    /// The controllers that services and workers get.
    public let available: Set<Controller>
    /// Why a controller is not among them, as a sentence; one that is in neither was not delegated.
    public let unavailable: [Controller: String]
    /// What this run changed above the root; nil if the root was there before.
    private let origin: Origin?

    /// The cgroup in which a root was made, which is where we came from.
    private final class Origin: Sendable {
        let group: ControlGroup
        /// What we enabled there.
        let enabled: Set<Controller>
        /// The root's name there.
        let name: String
        /// The process in the leaf `keeper`.
        let keeper: Int32?

        init(group: consuming ControlGroup, enabled: Set<Controller>, name: String, keeper: Int32?) {
            self.group = group
            self.enabled = enabled
            self.name = name
            self.keeper = keeper
        }
    }

    /// The children of the root that are no services: the leaf of the supervisor and that of the keeper.
    public static let reservedNames: Set<String> = ["supervisor", "keeper"]

    private init(
        group: consuming ControlGroup, origin: Origin?, failures: [Controller: String]
    ) throws(ControlGroupError) {
        do {
            let candidates = try group.controllers()
            var unavailable = failures
            for (controller, error) in group.enable(candidates) {
                unavailable[controller] = group.explain(error, for: controller)
            }
            available = candidates.subtracting(unavailable.keys)
            self.unavailable = unavailable
        } catch {
            throw .system(error)
        }
        self.group = group
        self.origin = origin
    }

    /// Takes over a cgroup that was delegated to us: locks it, moves this process to its leaf `supervisor` and enables
    /// what controllers there are for the services.
    ///
    /// - Parameters:
    ///   - path: the cgroup's directory.
    ///   - keeper: the process that is moved to the leaf `keeper`, if there is one.
    /// - Throws: `.notACgroup`, `.readOnly`, `.notPermitted`, `.locked`, or `.system`.
    public static func takeOver(_ path: String, keeper: Int32? = nil) throws(ControlGroupError) -> DelegatedRoot {
        let group = try openChecked(path)
        try group.lock()
        try group.enterLeaf(keeper: keeper)
        return try DelegatedRoot(group: group, origin: nil, failures: [:])
    }

    /// Takes over the root of a supervisor that died, with all that is in it.
    ///
    /// - Throws: as `takeOver`; `.notAbandoned` if it has no mark of this user.
    public static func succeed(_ path: String, keeper: Int32?) throws(ControlGroupError) -> DelegatedRoot {
        let group = try openChecked(path)
        try group.lock()
        let found = try rethrowing { () throws(SystemCallError) in try group.rootMark() }
        guard let mark = found else { throw .notAbandoned(path: path) }
        try group.enterLeaf(keeper: keeper)
        guard let enabled = mark.enabledAbove, let slash = path.lastIndex(of: "/") else {
            return try DelegatedRoot(group: group, origin: nil, failures: [:])
        }
        let parent = try openChecked(String(path[..<slash]))
        let origin = Origin(
            group: parent, enabled: enabled, name: String(path[path.index(after: slash)...]), keeper: keeper)
        return try DelegatedRoot(group: group, origin: origin, failures: [:])
    }

    /// Makes a root for this run as the child `cadre-<pid>` of our own cgroup at `path`, and takes it over; the number is
    /// the keeper's, or else ours.
    ///
    /// - Parameters:
    ///   - path: the directory of our own cgroup.
    ///   - keeper: the process that is moved to the leaf `keeper`, if there is one.
    /// - Throws: as `takeOver`.
    public static func make(in path: String, keeper: Int32? = nil) throws(ControlGroupError) -> DelegatedRoot {
        let parent = try openChecked(path)
        let name = "cadre-\(keeper ?? getpid())"
        let group = try parent.ensureChild(name)
        try group.lock()
        try group.enterLeaf(keeper: keeper)
        // Only now, as a cgroup that holds processes cannot give controllers to its children.
        let missing = try rethrowing { () throws(SystemCallError) in
            try parent.controllers().subtracting(try parent.enabledControllers())
        }
        let failures = parent.enable(missing)
        var reasons: [Controller: String] = [:]
        for (controller, error) in failures { reasons[controller] = parent.explain(error, for: controller) }
        let origin = Origin(group: parent, enabled: missing.subtracting(failures.keys), name: name, keeper: keeper)
        return try DelegatedRoot(group: group, origin: origin, failures: reasons)
    }

    /// The processes of the supervisor that lives in a root, its keeper first; empty if there is none.
    public static func supervisors(at path: String) -> [Int32] {
        ["keeper", "supervisor"].flatMap { (try? ControlGroup.open("\(path)/\($0)").processes()) ?? [] }
    }

    private static func openChecked(_ path: String) throws(ControlGroupError) -> ControlGroup {
        let group = try rethrowing { () throws(SystemCallError) in try ControlGroup.open(path) }
        var status = statfs()
        try rethrowing { () throws(SystemCallError) in
            _ = try systemCall("fstatfs", path) { fstatfs(group.directory.rawValue, &status) }
        }
        // CGROUP2_SUPER_MAGIC of <linux/magic.h>.
        guard status.f_type == 0x6367_7270 else { throw .notACgroup(path: path) }
        return group
    }
}

// MARK: - Services

extension DelegatedRoot {
    /// Makes or opens the cgroup of a service, whose workers' cgroups get every available controller.
    ///
    /// - Throws: `.system`; EINVAL for a reserved name.
    public func serviceGroup(_ name: String) throws(ControlGroupError) -> ControlGroup {
        if Self.reservedNames.contains(name) {
            throw .system(SystemCallError(call: "mkdir", object: "\(group.path)/\(name)", errno: .invalidArgument))
        }
        let service = try group.ensureChild(name)
        for (_, error) in service.enable(available) { throw .access(error, path: service.path) }
        return service
    }

    /// The names of the cgroups that an earlier supervisor left here: services to adopt or to clear.
    public func leftovers() throws(ControlGroupError) -> [String] {
        try rethrowing { () throws(SystemCallError) in
            try group.children().filter { !Self.reservedNames.contains($0) }.sorted()
        }
    }

    /// What this run enabled above a root that it made; nil if the root was there before.
    var enabledAbove: Set<Controller>? { origin?.enabled }

    /// Leaves a root that this run has made: moves this process back to where it came from and removes the root.
    ///
    /// A root that was there before is left as it is; whoever delegated it cleans it up. Services are to be cleared first.
    public func tearDown() throws(ControlGroupError) {
        guard let origin else {
            // What hangs in the kernel is to be found later.
            if try leftovers().isEmpty { try rethrowing { () throws(SystemCallError) in try group.removeRootMark() } }
            return
        }
        // A cgroup with enabled controllers takes no processes, so those above must go before we come.
        for (_, error) in group.disable(available) { throw .system(error) }
        for (_, error) in origin.group.disable(origin.enabled) { throw .system(error) }
        try rethrowing { () throws(SystemCallError) in
            if let keeper = origin.keeper { try origin.group.move(keeper) }
            try origin.group.moveSelf()
            try origin.group.removeTree(childNamed: origin.name)
        }
    }
}

// MARK: - Steps

extension ControlGroup {
    /// Makes a child or opens the one there is.
    fileprivate func ensureChild(_ name: String) throws(ControlGroupError) -> ControlGroup {
        do {
            return try makeChild(name)
        } catch {
            guard error.errno == .fileExists else { throw .access(error, path: path) }
        }
        return try rethrowing { () throws(SystemCallError) in try openChild(name) }
    }

    /// Moves this process and the keeper to their leaves, as only a cgroup without processes can give controllers to its
    /// children.
    fileprivate func enterLeaf(keeper: Int32?) throws(ControlGroupError) {
        let leaf = try ensureChild("supervisor")
        do {
            try leaf.moveSelf()
        } catch {
            throw .access(error, path: leaf.path)
        }
        guard let keeper else { return }
        let keepersLeaf = try ensureChild("keeper")
        do {
            try keepersLeaf.move(keeper)
        } catch {
            throw .access(error, path: keepersLeaf.path)
        }
    }

    /// Why a controller could not be enabled for the children.
    fileprivate func explain(_ error: SystemCallError, for controller: Controller) -> String {
        guard error.errno == .resourceBusy else {
            return "it could not be enabled for the children of \(path) (\(error))"
        }
        let others = (try? processes()) ?? []
        return "other processes live in \(path)\(others.isEmpty ? "" : " (\(listed(others)))"), "
            + "and the kernel lets a cgroup with processes of its own give no controllers to its children; "
            + "start cadre as the only process of the unit or container, or move the others to a cgroup of their own"
    }
}
