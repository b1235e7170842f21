import CLinux
public import Reactor
import SystemPackage

/// What a supervisor writes on its delegated root, so that what is left of it can be found when it died.
public struct RootMark: Hashable, Sendable {
    /// The supervisor's process ID.
    public var supervisor: Int32
    /// When that process started, which tells it from another one with its ID (`/proc/<pid>/stat`, field 22).
    public var startTime: UInt64
    /// The absolute path of the directory with its sockets.
    public var runtimeDirectory: String
    /// The controllers that it enabled above the root when it made the root; nil if the root was there before.
    public internal(set) var enabledAbove: Set<Controller>?

    /// The mark of a supervisor.
    public init(supervisor: Int32, startTime: UInt64, runtimeDirectory: String) {
        self.supervisor = supervisor
        self.startTime = startTime
        self.runtimeDirectory = runtimeDirectory
    }

    /// The mark whose first two parts are in the text of an attribute; nil if they aren't.
    init?(parsing text: String, runtimeDirectory: String) {
        let numbers = text.split(separator: " ")
        guard numbers.count == 2, let supervisor = Int32(numbers[0]), let startTime = UInt64(numbers[1]) else {
            return nil
        }
        self.init(supervisor: supervisor, startTime: startTime, runtimeDirectory: runtimeDirectory)
    }
}

extension RootMark {
    /// A cgroup with a mark.
    public struct Place: Hashable, Sendable {
        /// Its absolute path.
        public var path: String
        /// The mark.
        public var mark: RootMark
    }

    /// The marked cgroups of this user, in all that is mounted of the hierarchy; in the order of their paths.
    ///
    /// Those of other users aren't told of: a mark is only as good as who wrote it.
    ///
    /// - Throws: `.notMounted`; `.system` if `/proc` can't be read.
    public static func findAll() throws(ControlGroupError) -> [Place] {
        let mountInfo = try rethrowing { () throws(SystemCallError) in
            try Descriptor.open("/proc/self/mountinfo").readText("/proc/self/mountinfo")
        }
        let mounts = CgroupMount.parse(mountInfo: mountInfo)
        if mounts.isEmpty { throw .notMounted }
        var seen: Set<UInt64> = []
        return mounts.flatMap { find(below: $0.mountPoint) }.sorted { $0.path < $1.path }
            .filter { place in
                guard let number = try? ControlGroup.open(place.path).identifier() else { return false }
                return seen.insert(number).inserted
            }
    }

    /// The marked cgroups of this user directly below a path.
    public static func find(in path: String) -> [Place] {
        let names = (try? ControlGroup.open(path).children()) ?? []
        return names.sorted().compactMap { name in
            guard let mark = try? ControlGroup.open("\(path)/\(name)").rootMark() else { return nil }
            return Place(path: "\(path)/\(name)", mark: mark)
        }
    }

    /// The marked cgroups of this user at a path and below. What vanishes meanwhile is left out.
    static func find(below path: String) -> [Place] {
        var found: [Place] = []
        var pending = [path]
        while let path = pending.popLast() {
            // By its path each time: to climb back from a cgroup that was removed isn't possible.
            guard let group = try? ControlGroup.open(path) else { continue }
            if let mark = try? group.rootMark() { found.append(Place(path: path, mark: mark)) }
            pending += ((try? group.children()) ?? []).map { "\(path)/\($0)" }
        }
        return found
    }
}

extension ControlGroup {
    private static let supervisorAttribute = "supervisor"
    private static let runtimeDirectoryAttribute = "runtime-directory"
    private static let enabledAboveAttribute = "enabled-above"

    /// The mark of this cgroup; nil if it has none, or if it isn't this user's.
    public func rootMark() throws(SystemCallError) -> RootMark? {
        guard let text = try attribute(Self.supervisorAttribute),
            let runtimeDirectory = try attribute(Self.runtimeDirectoryAttribute), try isOwn()
        else { return nil }
        guard var mark = RootMark(parsing: text, runtimeDirectory: runtimeDirectory) else { return nil }
        mark.enabledAbove = try attribute(Self.enabledAboveAttribute).map(Controller.parse)
        return mark
    }

    func setRootMark(_ mark: RootMark) throws(SystemCallError) {
        if let controllers = mark.enabledAbove {
            try setAttribute(
                Self.enabledAboveAttribute, controllers.map(\.rawValue).sorted().joined(separator: " "))
        }
        try setAttribute(Self.runtimeDirectoryAttribute, mark.runtimeDirectory)
        try setAttribute(Self.supervisorAttribute, "\(mark.supervisor) \(mark.startTime)")
    }

    func removeRootMark() throws(SystemCallError) {
        for name in [Self.supervisorAttribute, Self.runtimeDirectoryAttribute, Self.enabledAboveAttribute] {
            try removeAttribute(name)
        }
    }

    private func isOwn() throws(SystemCallError) -> Bool {
        var status = stat()
        try systemCall("fstat", path) { fstat(directory.rawValue, &status) }
        return status.st_uid == geteuid()
    }
}

extension DelegatedRoot {
    /// Writes a mark on the root. It goes with ``tearDown()``, unless something is left in the root.
    public func mark(_ mark: RootMark) throws(ControlGroupError) {
        var mark = mark
        mark.enabledAbove = enabledAbove
        try rethrowing { () throws(SystemCallError) in try group.setRootMark(mark) }
    }
}
