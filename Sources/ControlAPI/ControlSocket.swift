import CLinux
public import Reactor
import SystemPackage

/// Why a supervisor can't be controlled.
public enum ControlError: Error, CustomStringConvertible, Sendable {
    /// A supervisor answers at this path already.
    case taken(path: String)
    /// No supervisor listens at this path.
    case nobody(path: String)
    /// The socket may not be used by us.
    case forbidden(path: String)
    /// The specification that the supervisor was to read has these problems, one a line.
    case badSpecification(String)
    /// The supervisor refused, and said why.
    case refused(String)
    /// The answer did not come, or isn't one.
    case brokenAnswer(path: String)
    /// A system call failed.
    case system(SystemCallError)

    /// A sentence that says what to do.
    public var description: String {
        switch self {
        case .taken(let path): "another supervisor answers at \(path); stop it first (cadre stop --all)"
        case .nobody(let path):
            "no supervisor listens at \(path); start one (systemctl start cadre, or cadre run), "
                + "or name its socket with --socket"
        case .forbidden(let path):
            "you may not use \(path); only root, the supervisor's own user and the members of its group may"
        case .badSpecification(let problems): problems
        case .refused(let reason): reason
        case .brokenAnswer(let path): "the supervisor at \(path) hung up without a whole answer; it may be stopping"
        case .system(let error): "\(error)"
        }
    }
}

/// The unix socket of supervisor and clients.
enum ControlSocket {
    struct Peer {
        let user: UInt32
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

    /// A listening socket at `path` that this user and the group may connect to.
    static func listen(_ path: String, group: UInt32?) throws(ControlError) -> Descriptor {
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
        if let group {
            chown(path, uid_t.max, group)
            // Only now, whatever the umask says: bind(2) would have applied it.
            chmod(path, 0o660)
        }
        _ = cadre_fcntl(listener.rawValue, F_SETFL, O_NONBLOCK)
        guard CLinux.listen(listener.rawValue, 128) == 0 else {
            throw .system(SystemCallError(call: "listen", object: path, errno: Errno(rawValue: cadre_errno())))
        }
        return listener
    }

    private static func isAlive(_ path: String) throws(ControlError) -> Bool {
        let probe = try make()
        var address = try address(path)
        if address.connect(probe) == 0 { throw .taken(path: path) }
        return cadre_errno() != ECONNREFUSED
    }

    static func connect(_ path: String) throws(ControlError) -> Descriptor {
        let descriptor = try make()
        var address = try address(path)
        guard address.connect(descriptor) == 0 else {
            switch Errno(rawValue: cadre_errno()) {
            case .noSuchFileOrDirectory, .connectionRefused: throw .nobody(path: path)
            case .permissionDenied: throw .forbidden(path: path)
            case let errno: throw .system(SystemCallError(call: "connect", object: path, errno: errno))
            }
        }
        return descriptor
    }

    /// Who connected, by the kernel's word (`SO_PEERCRED`, `SO_PEERGROUPS`).
    static func peer(of socket: borrowing Descriptor) -> Peer? {
        var (user, group) = (uid_t.max, gid_t.max)
        guard cadre_peer(socket.rawValue, &user, &group) == 0 else { return nil }
        // The kernel's limit of groups (NGROUPS_MAX).
        var groups = [gid_t](repeating: 0, count: 65536)
        var size = socklen_t(groups.count * MemoryLayout<gid_t>.size)
        let isKnown = getsockopt(socket.rawValue, SOL_SOCKET, SO_PEERGROUPS, &groups, &size) == 0
        let count = isKnown ? Int(size) / MemoryLayout<gid_t>.size : 0
        return Peer(user: user, groups: [group] + groups[..<count])
    }

    static func limitWaits(of socket: borrowing Descriptor, to time: Duration) {
        var limit = timeval(tv_sec: Int(time.components.seconds), tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    /// All that the other side sent before it hung up. Whether it read what we sent doesn't matter: one who is refused
    /// is answered before.
    static func receive(from socket: borrowing Descriptor) -> [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 1) { buffer in
            while let count = try? socket.read(into: buffer), count > 0 { bytes += buffer[..<count] }
        }
        return bytes
    }

    /// Sends all of it; false if the other side is gone or doesn't take it in time.
    @discardableResult
    static func send(_ bytes: [UInt8], to socket: borrowing Descriptor) -> Bool {
        let descriptor = socket.rawValue
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                CLinux.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count } else if cadre_errno() != EINTR { return false }
        }
        return true
    }
}
