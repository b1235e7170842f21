import CLinux
import Keeper
import Reactor
import Systemd

/// The descriptors that are to outlive this supervisor, which the keeper keeps, and those that it kept of the one before
/// until each has found its place.
final class KeptDescriptors {
    /// The keeper; nil if there is none, and then nothing outlives us.
    let link: KeeperLink?
    /// The sockets for notifications of the supervisor before, by their paths.
    private var notifications: [String: (name: String, descriptor: Int32)] = [:]
    /// What workers print, of the supervisor before.
    private var logs: [Log] = []
    private var lastNumber: UInt64 = 0

    /// The reading end of a pipe that a worker prints to.
    struct Log {
        /// The worker.
        var worker: String { String(groupPath.prefix { $0 != "@" }) }
        /// The cgroup of the incarnation that prints, relative to the delegated root: `web/0@17`.
        let groupPath: String
        /// Where it goes: 1 or 2.
        let output: Int32
        /// The name under which the keeper has it.
        let name: String
        let descriptor: Int32
    }

    /// Sorts the descriptors that `link` has.
    init(_ link: KeeperLink?) {
        self.link = link
        for (name, descriptor) in link?.kept ?? [] {
            // notify.7, or log.1.8.web/0@17
            let parts = name.split(separator: ".", maxSplits: 3)
            switch parts.first {
            case "notify" where parts.count == 2:
                guard let path = try? NotificationSocket.path(of: descriptor) else { continue }
                notifications[path] = (name, descriptor)
                noteNumber(parts[1])
            case "log" where parts.count == 4:
                guard let output = Int32(parts[1]) else { continue }
                logs.append(Log(groupPath: String(parts[3]), output: output, name: name, descriptor: descriptor))
                noteNumber(parts[2])
            default: break
            }
        }
    }

    private func noteNumber(_ text: Substring) { lastNumber = max(lastNumber, UInt64(text) ?? 0) }

    // MARK: Keeping

    /// Has a socket for notifications kept.
    ///
    /// - Returns: its name with the keeper, for ``release(_:)``; nil if there is no keeper.
    func keep(_ socket: borrowing NotificationSocket) throws(SystemCallError) -> String? {
        guard let link else { return nil }
        lastNumber += 1
        let name = "notify.\(lastNumber)"
        try link.store(socket.descriptor, as: name)
        return name
    }

    /// Has the reading end of the pipe kept that an incarnation prints to.
    ///
    /// - Parameter groupPath: its cgroup, relative to the delegated root.
    func keep(_ pipe: borrowing Descriptor, of groupPath: String, output: Int32) throws(SystemCallError) -> String? {
        guard let link else { return nil }
        lastNumber += 1
        let name = "log.\(output).\(lastNumber).\(groupPath)"
        try link.store(pipe, as: name)
        return name
    }

    /// Has the keeper close what it has under a name.
    func release(_ name: String?) {
        if let name { link?.remove(name) }
    }

    // MARK: Taking over

    /// The socket at a path, and its name with the keeper; nil if there is none.
    func takeNotifications(at path: String, name: inout String?) throws(SystemCallError) -> NotificationSocket? {
        guard let found = notifications.removeValue(forKey: path) else { return nil }
        name = found.name
        return try NotificationSocket(Descriptor(owning: found.descriptor))
    }

    /// The pipes that workers print to. Whoever takes one owns its descriptor.
    ///
    /// - Parameter groupPath: whose they are; nil for all that nobody has taken.
    func takeLogs(of groupPath: String? = nil) -> [Log] {
        let taken = logs.filter { groupPath == nil || $0.groupPath == groupPath }
        logs.removeAll { groupPath == nil || $0.groupPath == groupPath }
        return taken
    }

    /// Closes what nobody has taken, and has the keeper do so.
    func closeRest() {
        for left in notifications.values {
            close(left.descriptor)
            release(left.name)
        }
        notifications = [:]
    }
}
