import Glibc

/// An open file of the supervisor, which several descriptors may stand for (open(2) calls it an open file description).
final class OpenFile {
    enum Kind {
        case epoll(EventPoll)
        case counter
        case timer
        case inotify(InotifyQueue)
        case pidfd(Process)
        case socket(DatagramSocket)
        case keeper
        case null
        case file(FileNode)
        case cgroup(Cgroup)
        case cgroupFile(Cgroup, String)
        case text([UInt8])
    }

    let kind: Kind
    /// Where the next read begins.
    var offset = 0
    /// What the counter counts, or when the timer is due; 0 for none.
    var number: Int64 = 0
    /// What `cgroup.events` was when it was read last.
    var version = 0

    init(_ kind: Kind) { self.kind = kind }
}

/// A file or a directory outside of the cgroups.
final class FileNode {
    enum Kind {
        case directory
        case regular
        case socket
    }

    let kind: Kind
    var bytes: [UInt8] = []
    /// How large it may become when there is no room for more.
    var room = 0
    /// Who is bound to the path.
    weak var socket: DatagramSocket?

    init(_ kind: Kind) { self.kind = kind }
}

/// A unix socket for datagrams that is bound to a path.
final class DatagramSocket {
    var path = ""
    var messages: [[UInt8]] = []
}

/// An instance of epoll(7).
final class EventPoll {
    struct Item {
        let descriptor: Int32
        weak var file: OpenFile?
        var interest: UInt32
        var token: UInt64
    }

    /// By the order in which they were added. One ends with its open file, not with the descriptor that it was added by.
    var items: [Item] = []
}

/// An instance of inotify(7).
final class InotifyQueue {
    struct Watch {
        let group: Cgroup
        let file: String
    }

    var watches: [Int32: Watch] = [:]
    var lastWatch: Int32 = 0
    var events: [(watch: Int32, mask: UInt32)] = []

    func add(_ watch: Int32, _ mask: UInt32) {
        let (watch, mask) = kernel.faults.watches ? (-1, UInt32(IN_Q_OVERFLOW)) : (watch, mask)
        // What is the same as the last one is merged with it.
        if let last = events.last, last == (watch, mask) { return }
        events.append((watch, mask))
    }
}

/// What the keeper has: the descriptors that outlive supervisors, and what it tells them.
final class Keeper {
    var stored: [(name: String, file: OpenFile)] = []
    var records: [[UInt8]] = []
    var isStopping = false
    /// Whether another program is to take the supervisor's place.
    var isUpgrading = false
}
