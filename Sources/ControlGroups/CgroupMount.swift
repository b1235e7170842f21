import Reactor

/// A mount of the cgroup v2 hierarchy as `/proc/self/mountinfo` shows it (proc_pid_mountinfo(5)).
public struct CgroupMount: Hashable, Sendable {
    /// Which cgroup is seen at the mount point, relative to our cgroup namespace: `/` unless it is a bind mount of a
    /// part, or a mount from outside of our namespace (`/..`).
    public var root: String
    /// The directory it is mounted on.
    public var mountPoint: String
    /// Whether it is mounted read-only, as containers mostly have it.
    public var isReadOnly: Bool

    /// The cgroup2 mounts in the text of `/proc/self/mountinfo` that no later mount hides.
    ///
    /// It covers every layout: `/sys/fs/cgroup` itself, and `/sys/fs/cgroup/unified` of a hybrid one.
    public static func parse(mountInfo text: String) -> [CgroupMount] {
        var mounts: [CgroupMount] = []
        for line in text.split(separator: "\n") {
            // 30 23 0:26 ROOT MOUNT-POINT OPTIONS [shared:4 …] - TYPE SOURCE SUPER-OPTIONS
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count > 6, let dash = fields[6...].firstIndex(of: "-"), dash + 1 < fields.count else {
                continue
            }
            let mountPoint = unescape(fields[4])
            mounts.removeAll { $0.mountPoint == mountPoint }
            if fields[dash + 1] != "cgroup2" { continue }
            let superOptions = dash + 3 < fields.count ? fields[dash + 3] : ""
            let options = fields[5].split(separator: ",") + superOptions.split(separator: ",")
            mounts.append(
                CgroupMount(root: unescape(fields[3]), mountPoint: mountPoint, isReadOnly: options.contains("ro")))
        }
        return mounts
    }

    /// Our cgroup v2 in the text of `/proc/self/cgroup`, relative to our cgroup namespace; nil if there is none.
    public static func parse(processCgroup text: String) -> String? {
        // Version 2 is the hierarchy with number 0 and no controllers (cgroups(7)).
        for line in text.split(separator: "\n") where line.hasPrefix("0::/") { return String(line.dropFirst(3)) }
        return nil
    }

    /// The absolute path of the cgroup v2 that a process with these texts of `/proc/self/cgroup` and
    /// `/proc/self/mountinfo` is in; by a writable mount if one shows it.
    ///
    /// - Throws: `.notMounted`, `.outsideOfMount`.
    public static func ownCgroup(processCgroup: String, mountInfo: String) throws(ControlGroupError) -> String {
        let mounts = parse(mountInfo: mountInfo)
        guard !mounts.isEmpty, let cgroup = parse(processCgroup: processCgroup) else { throw .notMounted }
        let writableFirst = mounts.filter { !$0.isReadOnly } + mounts.filter(\.isReadOnly)
        for mount in writableFirst {
            if let path = mount.path(of: cgroup) { return path }
        }
        throw .outsideOfMount(cgroup: cgroup)
    }

    /// The absolute path of the cgroup v2 that this process is in.
    ///
    /// - Throws: `.notMounted`, `.outsideOfMount`, and `.system` if `/proc` cannot be read.
    public static func ownCgroup() throws(ControlGroupError) -> String {
        let processCgroup = try readProc("/proc/self/cgroup")
        return try ownCgroup(processCgroup: processCgroup, mountInfo: try readProc("/proc/self/mountinfo"))
    }

    /// Where this mount shows a cgroup, nil if it doesn't.
    private func path(of cgroup: String) -> String? {
        let prefix = root == "/" ? "" : root
        guard cgroup == root || cgroup.hasPrefix(prefix + "/") else { return nil }
        let below = cgroup == root ? "" : cgroup.dropFirst(prefix.count)
        // What is still above the root of the mount or of the namespace has no name here.
        if below.split(separator: "/").contains("..") { return nil }
        return (mountPoint == "/" ? "" : mountPoint) + below
    }

    /// Replaces the octal escapes for space, tab, newline and backslash.
    private static func unescape(_ field: Substring) -> String {
        guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private func readProc(_ path: String) throws(ControlGroupError) -> String {
    try rethrowing { () throws(SystemCallError) in try Descriptor.open(path).readText(path) }
}
