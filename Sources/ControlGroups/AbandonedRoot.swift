import CLinux
public import Reactor
import SystemPackage

/// A delegated root whose supervisor died, held so that no other one takes it over, to be removed with all that is in it.
public struct AbandonedRoot: ~Copyable {
    /// The root's absolute path.
    public var path: String { group.path }
    /// Its mark.
    public let mark: RootMark
    private let group: ControlGroup

    /// Takes hold of a root.
    ///
    /// - Throws: `.locked` if a supervisor lives there after all; `.notAbandoned` if it has no mark of this user; `.inside`
    ///   if this process is in it.
    public init(_ path: String) throws(ControlGroupError) {
        let group = try rethrowing { () throws(SystemCallError) in try ControlGroup.open(path) }
        try group.lock()
        let found = try rethrowing { () throws(SystemCallError) in try group.rootMark() }
        guard let found else { throw .notAbandoned(path: path) }
        // What is outside of every mount is in no cgroup that can be removed here.
        if let own = try? CgroupMount.ownCgroup(), own == path || own.hasPrefix(path + "/") {
            throw .inside(path: path)
        }
        mark = found
        self.group = group
    }

    /// What one child of the root is.
    public struct Child: Hashable, Sendable {
        /// Its name, which is a service's, or one of ``DelegatedRoot/reservedNames``.
        public var name: String
        /// How many processes live in it and below.
        public var processes: Int
        /// The paths of unix sockets that were made for it.
        public var sockets: [String]
    }

    /// What there is in the root.
    public func children() throws(ControlGroupError) -> [Child] {
        try rethrowing { () throws(SystemCallError) in
            var children: [Child] = []
            for name in try group.children().sorted() {
                guard let child = try group.openIfPresent(name) else { continue }
                children.append(
                    Child(
                        name: name, processes: try child.processes(recursive: true).count,
                        sockets: try child.socketPaths()))
            }
            return children
        }
    }

    /// Kills all processes in the root and removes all cgroups in it; and the root itself, if a supervisor made it.
    ///
    /// - Throws: `.stillPopulated` when processes don't die in this time; `.killUnsupported`; `.system`.
    public consuming func remove(within timeout: Duration) throws(ControlGroupError) {
        let names = try rethrowing { () throws(SystemCallError) in try group.children() }
        for name in names { try group.clear(name, within: timeout) }
        guard let enabledAbove = mark.enabledAbove, let slash = path.lastIndex(of: "/") else {
            return try rethrowing { () throws(SystemCallError) in try group.removeRootMark() }
        }
        let name = String(path[path.index(after: slash)...])
        let parent = try rethrowing { () throws(SystemCallError) in try ControlGroup.open(String(path[..<slash])) }
        // Processes may be in the root itself if a supervisor died between making and entering its leaf.
        try parent.clear(name, within: timeout)
        // Another supervisor beside it may need them, and then keeps them by EBUSY.
        _ = parent.disable(enabledAbove)
    }
}

extension ControlGroup {
    private static let socketsAttribute = "sockets"

    /// Writes down which unix sockets were made for this service, as they outlive a supervisor that is killed.
    public func setSocketPaths(_ paths: [String]) throws(SystemCallError) {
        if paths.isEmpty { return try removeAttribute(Self.socketsAttribute) }
        try setAttribute(Self.socketsAttribute, paths.joined(separator: "\n"))
    }

    func socketPaths() throws(SystemCallError) -> [String] {
        (try attribute(Self.socketsAttribute) ?? "").split(separator: "\n").map(String.init)
    }
}
