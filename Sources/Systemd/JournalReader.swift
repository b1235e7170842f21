import CLinux
import CSystemd
import Glibc
import Reactor
public import SystemPackage

/// Reads the journal (sd-journal(3)), entry by entry; for a command's own thread, as it blocks.
///
/// A reader stays between two entries: after ``init(directory:)`` before the first, after ``next()`` behind the one
/// that was returned. It belongs to the thread that made it.
public struct JournalReader: ~Copyable {
    /// Which of the supervisor's own entries to read.
    public struct Subject: Hashable, Sendable {
        /// Those about this service.
        public let service: String
        /// And if given, only those about this worker of it.
        public let worker: Int?

        /// Entries about a service, or about one worker of it.
        public init(service: String, worker: Int? = nil) {
            self.service = service
            self.worker = worker
        }
    }

    /// What ``wait(for:)`` saw.
    public enum Change: Sendable {
        /// Nothing, as the time is over.
        case nothing
        /// New entries, perhaps: of others, perhaps.
        case appended
        /// New files, or fewer, as after a rotation. ``next()`` goes on where it was, through the new ones too.
        case filesChanged
    }

    private let handle: OpaquePointer

    /// Opens the journal of this machine as far as this user may read it, or all journal files in `directory`.
    public init(directory: String? = nil) throws(JournalError) {
        var handle: OpaquePointer?
        try journalCall("open", on: directory ?? "") {
            if let directory { return sd_journal_open_directory(&handle, directory, 0) }
            return sd_journal_open(&handle, Int32(SD_JOURNAL_LOCAL_ONLY))
        }
        guard let handle else { throw JournalError(call: "open", object: directory ?? "", errno: .noMemory) }
        // Whole messages, not their first 64 KiB. Cannot fail for a journal that this process has opened.
        sd_journal_set_data_threshold(handle, 0)
        self.handle = handle
    }

    deinit {
        sd_journal_close(handle)
    }

    /// Whether this user may read any file of this machine's journal. Without the group `systemd-journal` or `adm`,
    /// others' entries are silently left out, so a command that finds nothing should say so.
    public borrowing func hasFiles() throws(JournalError) -> Bool {
        let persistent = try journalCall("has_persistent_files") { sd_journal_has_persistent_files(handle) }
        let runtime = try journalCall("has_runtime_files") { sd_journal_has_runtime_files(handle) }
        return persistent + runtime > 0
    }

    /// All values of `SYSLOG_IDENTIFIER` in the journal, sorted.
    public borrowing func identifiers() throws(JournalError) -> [String] {
        let field = "SYSLOG_IDENTIFIER"
        try journalCall("query_unique") { sd_journal_query_unique(handle, field) }
        var found: Set<String> = []
        var data: UnsafeRawPointer?
        var size = 0
        while try journalCall("enumerate_unique", { sd_journal_enumerate_available_unique(handle, &data, &size) }) > 0 {
            if let (_, value) = Self.split(data, size) { found.insert(String(decoding: value, as: UTF8.self)) }
        }
        return found.sorted()
    }

    /// From now on reads only entries with one of the identifiers, and those about one of the subjects; everything if
    /// there is neither. Seek afterwards.
    public mutating func select(identifiers: [String], subjects: [Subject] = []) throws(JournalError) {
        sd_journal_flush_matches(handle)
        // Matches of one field are alternatives; of different fields, both must hold; a disjunction begins anew.
        for identifier in identifiers {
            try match("SYSLOG_IDENTIFIER", identifier)
        }
        for subject in subjects {
            try journalCall("add_disjunction") { sd_journal_add_disjunction(handle) }
            try match("CADRE_SERVICE", subject.service)
            if let worker = subject.worker { try match("CADRE_WORKER", "\(worker)") }
        }
    }

    /// Goes to where `lines` entries are left.
    public mutating func seekTail(lines: Int) throws(JournalError) {
        try journalCall("seek_tail") { sd_journal_seek_tail(handle) }
        // One more than wanted, as next() moves before it reads. If there aren't as many, all are wanted.
        let wanted = UInt64(max(0, lines)) + 1
        let passed = try journalCall("previous_skip") { sd_journal_previous_skip(handle, wanted) }
        if UInt64(passed) < wanted { try journalCall("seek_head") { sd_journal_seek_head(handle) } }
    }

    /// Goes to the first entry of that time or later, in microseconds since 1970.
    public mutating func seek(since realtimeMicroseconds: UInt64) throws(JournalError) {
        try journalCall("seek_realtime_usec") { sd_journal_seek_realtime_usec(handle, realtimeMicroseconds) }
    }

    /// Reads the next entry, or nil if there's none (yet).
    public mutating func next() throws(JournalError) -> JournalRecord? {
        while try journalCall("next", { sd_journal_next(handle) }) > 0 {
            do {
                return try record()
            } catch  where error.errno == .addressNotAvailable || error.errno == .badMessage {
                // A corrupt entry, or one that vanished in a rotation just now: journalctl(1) passes over it too.
            }
        }
        return nil
    }

    /// Waits until the journal changes, no longer than `limit`.
    ///
    /// The first call may return ``Change/filesChanged`` at once, as it begins to watch. Where all watches that the user
    /// may have are in use (inotify(7)), it waits in vain; ``next()`` reads new entries of the files it knows all the same.
    public mutating func wait(for limit: Duration) throws(JournalError) -> Change {
        let microseconds = UInt64(max(0, limit / .microseconds(1)))
        switch try journalCall("wait", { sd_journal_wait(handle, microseconds) }) {
        case Int32(SD_JOURNAL_APPEND): return .appended
        case Int32(SD_JOURNAL_INVALIDATE): return .filesChanged
        default: return .nothing
        }
    }

    private func match(_ field: String, _ value: String) throws(JournalError) {
        let bytes = Array("\(field)=\(value)".utf8)
        try journalCall("add_match", on: "\(field)=\(value)") { sd_journal_add_match(handle, bytes, bytes.count) }
    }

    /// The entry where the journal stands.
    private func record() throws(JournalError) -> JournalRecord {
        var realtime: UInt64 = 0
        try journalCall("get_realtime_usec") { sd_journal_get_realtime_usec(handle, &realtime) }
        var monotonic: UInt64 = 0
        // Fails with ESTALE if the entry is of another boot.
        let isThisBoot = sd_journal_get_monotonic_usec(handle, &monotonic, nil) >= 0
        var cursor: UnsafeMutablePointer<CChar>?
        try journalCall("get_cursor") { sd_journal_get_cursor(handle, &cursor) }
        defer { free(cursor) }
        var fields: [String: String] = [:]
        var data: UnsafeRawPointer?
        var size = 0
        sd_journal_restart_data(handle)
        while try journalCall("enumerate_data", { sd_journal_enumerate_available_data(handle, &data, &size) }) > 0 {
            guard let (nameBytes, value) = Self.split(data, size) else { continue }
            let name = String(decoding: nameBytes, as: UTF8.self)
            if JournalRecord.fieldNames.contains(name) { fields[name] = String(decoding: value, as: UTF8.self) }
        }
        return JournalRecord(
            cursor: cursor.map { String(cString: $0) } ?? "", realtime: realtime,
            monotonic: isThisBoot ? monotonic : nil, fields: fields)
    }

    /// Name and value of a field, which the journal gives as `NAME=value`.
    private static func split(
        _ data: UnsafeRawPointer?, _ size: Int
    ) -> (name: Slice<UnsafeRawBufferPointer>, value: Slice<UnsafeRawBufferPointer>)? {
        let bytes = UnsafeRawBufferPointer(start: data, count: size)
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return (bytes[..<equals], bytes[(equals + 1)...])
    }
}

/// A call to the journal that failed.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which: `open` is sd_journal_open(3).
    public let call: String
    /// What it was done to, if there is something to name.
    public let object: String
    /// The reason.
    public let errno: Errno

    /// A sentence.
    public var description: String {
        switch errno {
        case .permissionDenied, .notPermitted:
            """
            the journal\(object.isEmpty ? "" : " \(object)") may not be read: \
            join the group systemd-journal, or be root
            """
        default:
            "the journal cannot be read: sd_journal_\(call)\(object.isEmpty ? "" : " \(object)"): \(errno.explanation)"
        }
    }
}

@discardableResult
private func journalCall(
    _ call: StaticString, on object: String = "", _ body: () -> Int32
) throws(JournalError) -> Int32 {
    let code = body()
    if code < 0 { throw JournalError(call: "\(call)", object: object, errno: Errno(rawValue: -code)) }
    return code
}
