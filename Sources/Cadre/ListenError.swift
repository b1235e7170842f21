import Processes
import Reactor
import Specification
import SystemPackage

/// A socket that can't be opened, or that systemd didn't pass.
package struct ListenError: Error, CustomStringConvertible {
    /// The error's number; nil for a failed look-up of a name and the like.
    let errno: Errno?
    /// What it means and what to do, as a sentence.
    package let description: String

    init(_ address: SocketAddress, _ call: String, _ errno: Errno) {
        self.init(address, call, errno, errno.explanation)
    }

    init(_ address: SocketAddress, _ call: String, _ errno: Errno?, _ reason: String) {
        let remedy =
            switch errno {
            case .addressInUse: "; another program listens there (ss -lnp shows which)"
            case Errno(rawValue: 99): "; no interface has the address yet (free_bind = true listens all the same)"
            case .permissionDenied:
                switch address {
                case .internet(_, let port) where port < 1024: "; \(Capability.bindPrivilegedPorts.remedy)"
                case .internet: ""
                case .unix: "; the supervisor's user may not make a file there"
                }
            default: ""
            }
        self.errno = errno
        description = "listen on \(address) (\(call)): \(reason)\(remedy)"
    }

    /// The file of a socket can't be given away.
    init(_ path: String, _ error: CredentialsError) {
        errno = nil
        description = "listen on unix:\(path): \(error)"
    }

    /// A socket of systemd's can't be changed to what is wanted.
    init(_ socket: SocketSpecification, _ call: String, _ errno: Errno?, _ reason: String) {
        self.errno = errno
        description = "the socket \(socket.name) of systemd's (\(call)): \(reason)"
    }

    /// systemd passed nothing under the name that is wanted.
    init(missing socket: SocketSpecification, in store: DescriptorStore) {
        guard case .systemd(let wanted) = socket.source else {
            fatalError("the socket \(socket.name) has an address: it is opened here, and systemd passes none")
        }
        let passed = Set(store.names("systemd.").map(systemdName)).sorted().map { "\"\($0)\"" }
        let what = passed.isEmpty ? "it passed none at all" : "it passed \(passed.joined(separator: ", "))"
        errno = nil
        description = """
            the socket \(socket.name): systemd passed no descriptor named "\(wanted)", \(what); write \
            FileDescriptorName=\(wanted) and Service= in the .socket unit, and start that before the supervisor
            """
    }
}
