/// How grave a journal entry is: the levels of syslog(3), the gravest first.
public enum JournalPriority: Int, CaseIterable, Sendable {
    /// The system is unusable.
    case emergency = 0
    /// Somebody must act at once.
    case alert
    /// Something cannot go on.
    case critical
    /// Something failed.
    case error
    /// Something may be wrong.
    case warning
    /// Normal, but worth a look.
    case notice
    /// Normal.
    case info
    /// Of interest to developers only.
    case debug
}

/// A structured entry for the journal.
public struct JournalEntry: Sendable {
    /// The sentence that journalctl(1) shows.
    public let message: String
    /// How grave it is.
    public let priority: JournalPriority
    /// More fields, by names which are valid for the journal. A name may occur more than once.
    public let fields: [(name: String, value: String)]

    /// Makes an entry; every field's name must be one that ``isFieldName(_:)`` accepts, as journald would drop others
    /// in silence.
    public init(message: String, priority: JournalPriority, fields: [(name: String, value: String)] = []) {
        for field in fields {
            precondition(Self.isFieldName(field.name), "the journal has no field named \(field.name)")
        }
        self.message = message
        self.priority = priority
        self.fields = fields
    }

    /// Whether a client of the journal may send a field of this name: at most 64 uppercase letters, digits and
    /// underscores, neither a digit nor an underscore first (systemd.journal-fields(7)).
    public static func isFieldName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard let first = bytes.first, bytes.count <= 64, isLetter(first) else { return false }
        return bytes.allSatisfy(isFieldByte)
    }

    /// The valid name that comes closest to `prefix` and a key such as `exit-code`, which becomes `EXIT_CODE`.
    static func fieldName(prefix: String, key: String) -> String {
        let bytes = key.uppercased().utf8.map { isFieldByte($0) ? $0 : UInt8(ascii: "_") }
        return String(decoding: (prefix.utf8 + bytes).prefix(64), as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isFieldByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }

    /// What the journal's protocol wants: `NAME=value` each.
    var assignments: [String] {
        ["MESSAGE=\(message)", "PRIORITY=\(priority.rawValue)"] + fields.map { "\($0.name)=\($0.value)" }
    }
}
