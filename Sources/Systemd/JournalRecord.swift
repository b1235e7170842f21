/// An entry read from the journal, as far as `cadre logs` shows it.
public struct JournalRecord: Hashable, Sendable {
    /// The entry's place, for programs that want to go on from there.
    public let cursor: String
    /// When journald received it, in microseconds since 1970.
    public let realtimeMicroseconds: UInt64
    /// The same by CLOCK_MONOTONIC, in microseconds; nil if it is of an earlier boot.
    public let monotonicMicroseconds: UInt64?
    /// How grave it is, if it says so.
    public let priority: JournalPriority?
    /// The `SYSLOG_IDENTIFIER`: `web/0` for a worker's output; empty if it has none.
    public let identifier: String
    /// The text; what isn't UTF-8 is replaced.
    public let message: String
    /// Who wrote it, as the kernel told journald.
    public let pid: Int32?
    /// The cgroup of who wrote it, as journald found it.
    public let controlGroup: String?
    /// The service that the entry is about, if it is the supervisor's, as are all that follow.
    public let service: String?
    /// The worker's number.
    public let worker: Int?
    /// The worker's incarnation.
    public let incarnation: String?
    /// What happened; a supervisor of another version may know kinds that we don't, so it is text.
    public let event: String?
    /// The `MESSAGE_ID`.
    public let messageID: String?

    /// Takes over an entry's fields, by name.
    init(cursor: String, realtime: UInt64, monotonic: UInt64?, fields: [String: String]) {
        self.cursor = cursor
        realtimeMicroseconds = realtime
        monotonicMicroseconds = monotonic
        priority = fields["PRIORITY"].flatMap(Int.init).flatMap(JournalPriority.init)
        identifier = fields["SYSLOG_IDENTIFIER"] ?? ""
        message = fields["MESSAGE"] ?? ""
        pid = fields["_PID"].flatMap(Int32.init)
        controlGroup = fields["_SYSTEMD_CGROUP"]
        service = fields["CADRE_SERVICE"]
        worker = fields["CADRE_WORKER"].flatMap(Int.init)
        incarnation = fields["CADRE_INCARNATION"]
        event = fields["CADRE_EVENT"]
        messageID = fields["MESSAGE_ID"]
    }

    /// The fields that make a record.
    static let fieldNames: Set = [
        "PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE", "_PID", "_SYSTEMD_CGROUP", "CADRE_SERVICE", "CADRE_WORKER",
        "CADRE_INCARNATION",
        "CADRE_EVENT", "MESSAGE_ID",
    ]
}
