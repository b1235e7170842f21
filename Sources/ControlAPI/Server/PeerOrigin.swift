import CLinux
import ControlGroups
import Processes
import Reactor
import Specification
import SystemPackage

/// Whether a process is one of a worker's, by its cgroup.
enum PeerOrigin: Hashable, Sendable {
    /// It is in no cgroup of a worker's.
    case outside
    /// It is in one of a service's, of the name that its cgroup there has: `0@17`.
    case worker(service: String, name: String)
    /// It can't be told.
    case unknown
    /// It couldn't be asked, for want of a descriptor.
    case unasked

    /// What the text of a `/proc/PID/cgroup` tells.
    ///
    /// - Parameter root: the delegated root, as such texts name it: `/cadre.slice/cadre.service`.
    init(processCgroup text: String, root: String) {
        guard let path = CgroupMount.parse(processCgroup: text) else {
            self = .unknown
            return
        }
        guard path.hasPrefix("\(root)/") else {
            self = .outside
            return
        }
        let names = path.dropFirst(root.utf8.count + 1).split(separator: "/")
        // Other names are those of the supervisor's leaf and the keeper's, and of systemd's for ExecReload= (.control).
        guard let service = names.first.map(String.init), ServiceSpecification.isValidName(service) else {
            self = .outside
            return
        }
        self = .worker(service: service, name: names.count > 1 ? String(names[1]) : "")
    }

    /// Finds out about the process that connected a socket, with one descriptor at a time.
    ///
    /// Its number may be another process's by now, one that is no worker. So the cgroup that is found by the number counts
    /// only if the process that connected is there afterwards, by the pidfd that the kernel has kept for the socket
    /// (Linux 6.5). Before that, a worker's process that connects, ends, and has its number given to another one before
    /// the connection is accepted, is taken for that other one.
    ///
    /// - Parameter root: as ``ownRoot()`` tells it.
    init(socket: borrowing Descriptor, process: Int32, user: UInt32, root: String) {
        // Another pid namespace's, and not of one below ours, where workers are.
        guard process != 0 else {
            self = .outside
            return
        }
        do throws(SystemCallError) {
            let found = Result { () throws(SystemCallError) in
                try Descriptor.open("/proc/\(process)/cgroup").readText()
            }
            guard try Self.isConnectorAlive(socket) else {
                self = .unknown
                return
            }
            self.init(processCgroup: try found.get(), root: root)
        } catch {
            self =
                switch error.errno {
                case .tooManyOpenFiles, .tooManyOpenFilesInSystem: .unasked
                // Of others' processes nothing may be seen (hidepid= of proc(5)), and without privileges all workers
                // are ours.
                default: geteuid() != 0 && user != geteuid() ? .outside : .unknown
                }
        }
    }

    /// The delegated root, from our own place in its leaf `supervisor`.
    ///
    /// - Throws: an error whose description says why it can't be told.
    static func ownRoot() throws -> String {
        let text = try Descriptor.open("/proc/self/cgroup").readText()
        let leaf = "/supervisor"
        guard let path = CgroupMount.parse(processCgroup: text), path.hasSuffix(leaf) else {
            throw OriginError.notInLeaf
        }
        return String(path.dropLast(leaf.utf8.count))
    }

    /// Whether the process that connected is still there.
    ///
    /// - Throws: what kept the kernel from telling.
    private static func isConnectorAlive(_ socket: borrowing Descriptor) throws(SystemCallError) -> Bool {
        let number = cadre_peer_pidfd(socket.rawValue)
        guard number >= 0 else {
            let errno = Errno(rawValue: cadre_errno())
            switch errno {
            case .protocolNotAvailable: return true
            case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
                throw SystemCallError(call: "getsockopt", object: "SO_PEERPIDFD", errno: errno)
            default: return false
            }
        }
        let pidfd = Descriptor(owning: number)
        do throws(SystemCallError) {
            try Pidfd.signal(pidfd, 0)
            return true
        } catch {
            return error.errno == .notPermitted
        }
    }
}

/// Why it can't be told which processes are workers'.
enum OriginError: Error, CustomStringConvertible {
    case notInLeaf

    var description: String {
        "the supervisor is not in the leaf \"supervisor\" of its cgroup, so workers' processes can't be told from others"
    }
}
