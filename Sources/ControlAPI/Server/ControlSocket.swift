import CLinux
import Reactor
import SystemPackage

/// The unix socket that a supervisor listens on.
enum ControlSocket {
    struct Peer: Hashable, Sendable {
        let user: UInt32
        let group: UInt32
        /// The process that connected; 0 for one that our pid namespace hides.
        let process: Int32
        /// Whether that is a worker's.
        let origin: PeerOrigin
        /// The group and the supplementary groups it had when it connected.
        let groups: [UInt32]
    }

    static func make() throws(ControlError) -> Descriptor {
        do {
            return Descriptor(
                owning: try systemCall("socket") {
                    socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
                })
        } catch {
            throw .system(error)
        }
    }

    static func address(_ path: String) throws(ControlError) -> UnixAddress {
        guard let address = UnixAddress(path: path) else {
            throw .system(SystemCallError(call: "socket path", object: path, errno: .fileNameTooLong))
        }
        return address
    }

    /// A listening socket at `path` that nobody but this user may connect to before ``permit(_:_:)``.
    static func listen(_ path: String) throws(ControlError) -> Descriptor {
        var address = try address(path)
        let listener = try make()
        // The socket's file gets these permissions at bind(2), so there is no moment with wider ones.
        fchmod(listener.rawValue, 0o600)
        if address.bind(listener) == -1 {
            guard cadre_errno() == EADDRINUSE, !(try isAlive(path)) else {
                throw .system(SystemCallError(call: "bind", object: path, errno: Errno(rawValue: cadre_errno())))
            }
            unlink(path)
            guard address.bind(listener) == 0 else {
                throw .system(SystemCallError(call: "bind", object: path, errno: Errno(rawValue: cadre_errno())))
            }
        }
        _ = cadre_fcntl(listener.rawValue, F_SETFL, O_NONBLOCK)
        guard CLinux.listen(listener.rawValue, 512) == 0 else {
            throw .system(SystemCallError(call: "listen", object: path, errno: Errno(rawValue: cadre_errno())))
        }
        return listener
    }

    /// Lets those connect whom the policy knows, whatever the umask says: bind(2) would have applied it.
    static func permit(_ path: String, _ policy: UnixPolicy) {
        // Closed first, lest the new group has the old one's permissions for a moment.
        chmod(path, 0o600)
        chown(path, uid_t.max, policy.socketGroup ?? getegid())
        chmod(path, policy.mode)
    }

    private static func isAlive(_ path: String) throws(ControlError) -> Bool {
        let probe = try make()
        var address = try address(path)
        if address.connect(probe) == 0 { throw .taken(path: path) }
        return cadre_errno() != ECONNREFUSED
    }

    /// Who connected, by the kernel's word (`SO_PEERCRED`, `SO_PEERGROUPS`).
    ///
    /// - Parameter root: the cgroup below which workers are, as `/proc/PID/cgroup` names it.
    static func peer(of socket: borrowing Descriptor, root: String) -> Peer? {
        var (user, group, process) = (uid_t.max, gid_t.max, pid_t(0))
        guard cadre_peer(socket.rawValue, &user, &group, &process) == 0 else { return nil }
        // The kernel's limit of groups (NGROUPS_MAX).
        var groups = [gid_t](repeating: 0, count: 65536)
        var size = socklen_t(groups.count * MemoryLayout<gid_t>.size)
        let isKnown = getsockopt(socket.rawValue, SOL_SOCKET, SO_PEERGROUPS, &groups, &size) == 0
        let count = isKnown ? Int(size) / MemoryLayout<gid_t>.size : 0
        return Peer(
            user: user, group: group, process: process,
            origin: PeerOrigin(socket: socket, process: process, user: user, root: root),
            groups: [group] + groups[..<count])
    }
}
