import CLinux
import CSystemd
public import Reactor
import SystemPackage

/// Writes the supervisor's own entries into the journal, and never makes its caller wait.
///
/// sd_journal_sendv(3) blocks for as long as journald doesn't read. So entries wait in a queue of limited length, which
/// a thread of its own empties. What the queue has no room for, or journald refuses, is counted, and the next entry
/// that gets through is followed by one of the kind ``EventKind/lost`` with the count.
public final class JournalWriter: Sendable {
    /// Where journald listens for structured entries.
    public static let path = "/run/systemd/journal/socket"

    /// The `SYSLOG_IDENTIFIER` of the supervisor's entries.
    public static let identifier = "cadre"

    /// How many entries wait for journald at most.
    static let capacity = 1024

    private let queue: Queue

    /// Starts the thread, which ends after the last entry once the writer is gone.
    ///
    /// - Throws: if there can be no more threads.
    public convenience init() throws(SystemCallError) {
        try self.init { Self.send($0) }
    }

    /// Sends entries by `send`, on the thread; it returns whether the entry was taken.
    init(send: @escaping @Sendable (JournalEntry) -> Bool) throws(SystemCallError) {
        let queue = Queue()
        self.queue = queue
        try startThread(name: "cadre-journal") { queue.drain(send) }
    }

    deinit {
        queue.close()
    }

    /// Leaves an entry with the thread.
    public func write(_ entry: JournalEntry) {
        queue.append(entry)
    }

    /// Waits until all entries so far are written, but no longer than `limit`; for the end of the process.
    ///
    /// - Returns: whether every entry is in the journal, or else an entry that says how many are not.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        queue.waitUntilIdle(within: limit)
    }

    /// Whether journald listens.
    public static var isAvailable: Bool {
        isAvailable(at: path)
    }

    /// Whether somebody listens for datagrams at `path`.
    static func isAvailable(at path: String) -> Bool {
        guard var address = UnixAddress(path: path) else { return false }
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        do {
            let probe = Descriptor(owning: try systemCall("socket", path) { socket(AF_UNIX, type, 0) })
            try systemCall("connect", path) { address.connect(probe) }
            return true
        } catch {
            return false
        }
    }

    private static func send(_ entry: JournalEntry) -> Bool {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for assignment in entry.assignments {
            bytes.append(contentsOf: assignment.utf8)
            ends.append(bytes.count)
        }
        return bytes.withUnsafeMutableBytes { buffer in
            var start = 0
            let vectors = ends.map { end in
                defer { start = end }
                return iovec(iov_base: buffer.baseAddress! + start, iov_len: end - start)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count)) >= 0
        }
    }
}

/// The entries on their way, shared by those who write and the thread that sends.
private final class Queue: Sendable {
    private struct State {
        /// What the thread hasn't fetched yet.
        var waiting: [JournalEntry] = []
        /// How many entries the thread holds but hasn't sent.
        var inHand = 0
        /// Whether the thread is at work.
        var isBusy = false
        /// How many entries were lost since the last that was reported.
        var lost = 0
        var isClosed = false
    }

    private let state = Monitor(State())

    func append(_ entry: JournalEntry) {
        state.update { state in
            if state.waiting.count + state.inHand < JournalWriter.capacity {
                state.waiting.append(entry)
            } else {
                state.lost += 1
            }
        }
    }

    func close() {
        state.update { $0.isClosed = true }
    }

    func waitUntilIdle(within limit: Duration) -> Bool {
        state.wait(until: { $0.waiting.isEmpty && !$0.isBusy }, within: limit) { $0.lost == 0 } ?? false
    }

    /// Sends what comes, until the queue is closed and empty.
    func drain(_ send: (JournalEntry) -> Bool) {
        while let entries = fetch() {
            for entry in entries {
                let isSent = send(entry)
                state.update { state in
                    state.inHand -= 1
                    if !isSent { state.lost += 1 }
                }
            }
            report(send)
            state.update { $0.isBusy = false }
        }
    }

    /// Waits for entries and takes them all, or nothing if there will be none any more.
    private func fetch() -> [JournalEntry]? {
        state.wait(until: { !$0.waiting.isEmpty || $0.isClosed }) { state -> [JournalEntry]? in
            if state.waiting.isEmpty { return nil }
            state.isBusy = true
            state.inHand = state.waiting.count
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Says how many entries were lost, and forgets them if that got through.
    private func report(_ send: (JournalEntry) -> Bool) {
        let lost = state.update { $0.lost }
        guard lost > 0 else { return }
        let entry = JournalEntry(
            message:
                "\(lost) \(lost == 1 ? "entry is" : "entries are") missing here: the journal did not take them in time",
            priority: .warning,
            fields: [
                ("SYSLOG_IDENTIFIER", JournalWriter.identifier), ("MESSAGE_ID", EventKind.lost.messageID),
                ("CADRE_EVENT", EventKind.lost.rawValue), ("CADRE_LOST", "\(lost)"),
            ])
        if send(entry) { state.update { $0.lost -= lost } }
    }
}
