import CLinux
public import Processes
public import Reactor
import Synchronization

/// A supervisor's side of its keeper.
public final class KeeperLink: Sendable {
    static let socketName = "keeper"
    static let pidVariable = "CADRE_KEEPER_PID"
    static let reasonVariable = "CADRE_START_REASON"
    static let managedVariable = "CADRE_MANAGED"
    static let causeVariable = "CADRE_START_CAUSE"

    /// The keeper's process.
    public let keeper: Int32
    /// Whether systemd waits for what the keeper passes on, so that the keeper's end is that of a unit.
    public let isManaged: Bool
    /// Why this supervisor was started.
    public let startReason: StartReason
    /// What became of the one before, as the end of a sentence about it; empty if there was none.
    public let startCause: String
    /// Readable when there is an end to be told (``nextExit()``).
    public let socket: Descriptor
    /// The names and numbers of the descriptors that were kept, in the order in which they were given. Whoever takes one
    /// owns it.
    public let kept: [(name: String, descriptor: Int32)]
    /// The names of what the keeper is to close and could not be told of.
    private let unsent = Mutex<[String]>([])

    /// Whether this process was started by a keeper.
    public static var isPresent: Bool {
        getenv(pidVariable).flatMap { Int32(String(cString: $0)) } == getppid()
    }

    /// The keeper that started this process; nil if none did.
    ///
    /// To be called once, while there is no other thread: it removes variables.
    public init?() {
        guard Self.isPresent else { return nil }
        var kept = ListenDescriptors.take()
        guard let first = kept.first, first.name == Self.socketName else { return nil }
        kept.removeFirst()
        guard !kept.isEmpty else { return nil }
        // The environment has not room enough for all names.
        let list = Descriptor(owning: kept.removeFirst().descriptor)
        let names = ((try? list.readText()) ?? "").split(separator: "\n")
        socket = Descriptor(owning: first.descriptor)
        keeper = getppid()
        self.kept = zip(names, kept).map { (String($0), $1.descriptor) }
        isManaged = getenv(Self.managedVariable).map { String(cString: $0) } == "1"
        startReason = getenv(Self.reasonVariable).flatMap { StartReason(rawValue: String(cString: $0)) } ?? .first
        startCause = getenv(Self.causeVariable).map { String(cString: $0) } ?? ""
        unsetenv(Self.pidVariable)
        unsetenv(Self.causeVariable)
        unsetenv(Self.reasonVariable)
        unsetenv(Self.managedVariable)
    }

    /// What a simulated keeper gives to a supervisor.
    package init(
        keeper: Int32, startReason: StartReason, startCause: String, socket: consuming Descriptor,
        kept: [(name: String, descriptor: Int32)]
    ) {
        self.keeper = keeper
        isManaged = false
        self.startReason = startReason
        self.startCause = startCause
        self.socket = socket
        self.kept = kept
    }

    // MARK: Descriptors

    /// Has the keeper keep a copy of a descriptor, in place of an earlier one of that name.
    ///
    /// From its return on the copy is safe, whatever happens to this process. The name has 1 to 255 bytes, and no colon.
    public func store(_ descriptor: borrowing Descriptor, as name: String) throws(SystemCallError) {
        unsent.withLock { $0.removeAll { $0 == name } }
        try send("\(KeeperMessage.storePrefix)\(name)", descriptor.rawValue)
    }

    /// Has the keeper close its copy. If there is no memory to tell it (ENOMEM, ENOBUFS), it is told with the next one.
    public func remove(_ name: String) {
        unsent.withLock { names in
            names.append(name)
            for _ in 0..<2 {
                names.removeAll { (try? send("\(KeeperMessage.removePrefix)\($0)", -1)) != nil }
            }
        }
    }

    /// Has the keeper kill this process, and start the program behind a descriptor in its place.
    public func handOver(to program: borrowing Descriptor) throws(SystemCallError) {
        try send("\(KeeperMessage.upgradeText)", program.rawValue)
    }

    /// Has the keeper give all it keeps to another one at the other end of a socket, and end together with this process.
    public func handOver(toKeeperAt socket: borrowing Descriptor) throws(SystemCallError) {
        try send("\(KeeperMessage.handOverText)", socket.rawValue)
    }

    /// Tells the keeper that this process ends as another supervisor has the root.
    public func foundAnother() {
        // Who isn't told takes it for any other failure.
        try? send("\(KeeperMessage.lockedText)", -1)
    }

    private func send(_ text: String, _ descriptor: Int32) throws(SystemCallError) {
        try systemCall("sendmsg", "the keeper") {
            cadre_send(socket.rawValue, text, text.utf8.count, descriptor, 0)
        }
    }

    // MARK: Ends

    /// The end of a child of the keeper's that is to be told next, or nil. It stays so until ``consumeExit()``: if this
    /// process dies before that, its successor is told.
    public func nextExit() -> (process: ProcessIdentity, exit: ProcessExit)? {
        var record = ExitRecord(pid: 0, status: 0, startTime: 0)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)
        let count = recv(socket.rawValue, &record, MemoryLayout<ExitRecord>.size, flags)
        guard count == MemoryLayout<ExitRecord>.size else { return nil }
        return (ProcessIdentity(pid: record.pid, startTime: record.startTime), ProcessExit(waitStatus: record.status))
    }

    /// Takes the end that was told off the list.
    public func consumeExit() {
        var record = ExitRecord(pid: 0, status: 0, startTime: 0)
        recv(socket.rawValue, &record, MemoryLayout<ExitRecord>.size, Int32(MSG_DONTWAIT))
    }
}
