import Glibc
import Supervision

/// The sockets that workers notify, and the one to the keeper.
extension Kernel {
    private static let storePrefix = "FDSTORE=1\nFDNAME="
    /// KeeperMessage.upgradeText
    private static let upgrade = "CADRE_UPGRADE=1"
    private static let removePrefix = "FDSTOREREMOVE=1\nFDNAME="

    func bind(_ descriptor: Int32, _ path: String) -> Int {
        guard case .socket(let socket) = openFile(descriptor)?.kind else { return -Int(ENOTSOCK) }
        if files[path] != nil { return -Int(EADDRINUSE) }
        let node = FileNode(.socket)
        node.socket = socket
        socket.path = path
        files[path] = node
        return 0
    }

    /// What a worker says. It is lost if nobody has the socket any more.
    func notify(_ process: Process, _ path: String, _ message: String) {
        guard let socket = files[path]?.socket else { return }
        if faults.messages > 0, process.worker?.service != DriverScenario.steady, process.chance(faults.messages) {
            return note("\(name(of: process)) says \(message), which is lost")
        }
        if message == "READY=1" { note("\(name(of: process)) is ready") }
        socket.messages.append(Array(message.utf8))
    }

    func receive(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ flags: Int32) -> Int {
        let message: [UInt8]
        let isPeeking = flags & Int32(MSG_PEEK) != 0
        switch openFile(descriptor)?.kind {
        case .socket(let socket):
            guard let first = socket.messages.first else { return -Int(EAGAIN) }
            message = first
            if !isPeeking { socket.messages.removeFirst() }
        case .keeper:
            guard let first = keeper.records.first else { return -Int(EAGAIN) }
            message = first
            if !isPeeking { keeper.records.removeFirst() }
        case nil: return -Int(EBADF)
        default: return -Int(ENOTSOCK)
        }
        let count = min(message.count, buffer.count)
        if count > 0 { buffer.copyBytes(from: message.prefix(count)) }
        return flags & Int32(MSG_TRUNC) != 0 ? message.count : count
    }

    /// What the supervisor says to the keeper.
    func send(_ descriptor: Int32, _ message: String, _ passed: Int32) -> Int {
        guard case .keeper = openFile(descriptor)?.kind else { return -Int(ENOTSOCK) }
        if message.hasPrefix(Self.storePrefix), let file = openFile(passed) {
            let name = String(message.dropFirst(Self.storePrefix.count))
            keeper.stored.removeAll { $0.name == name }
            keeper.stored.append((name, file))
        } else if message.hasPrefix(Self.removePrefix) {
            let name = String(message.dropFirst(Self.removePrefix.count))
            keeper.stored.removeAll { $0.name == name }
        } else if message == Self.upgrade {
            // At once, which may be in the midst of anything.
            note("the keeper upgrades the supervisor")
            keeper.isUpgrading = true
            (callsLeft, isLastCallMade) = (Int.random(in: 1...20, using: &random), chance(0.5))
        } else if message == "STOPPING=1" {
            keeper.isStopping = true
        }
        return message.utf8.count
    }
}
