public import Logging

/// Turns what is logged by swift-log into structured journal entries.
///
/// The metadata `message-id` becomes the field `MESSAGE_ID`; any other key becomes a field of ours in uppercase, as
/// `exit-code` becomes `CADRE_EXIT_CODE`.
public struct JournalLogHandler: LogHandler {
    /// What is below isn't logged.
    public var logLevel = Logger.Level.info
    /// What every entry says.
    public var metadata: Logger.Metadata = [:]
    /// What else an entry says, by where it is made.
    public var metadataProvider: Logger.MetadataProvider?

    private let writer: JournalWriter
    private let identifier: String

    /// Logs by `writer`, with `identifier` as `SYSLOG_IDENTIFIER`.
    public init(
        writer: JournalWriter, identifier: String = JournalWriter.identifier,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.writer = writer
        self.identifier = identifier
        self.metadataProvider = metadataProvider
    }

    /// What every entry says under a key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Leaves the entry with the writer; never waits.
    public func log(event: LogEvent) {
        writer.write(entry(for: event))
    }

    func entry(for event: LogEvent) -> JournalEntry {
        // The more special wins.
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        let fields = all.sorted { $0.key < $1.key }.map { key, value in
            (
                name: key == "message-id" ? "MESSAGE_ID" : JournalEntry.fieldName(prefix: "CADRE_", key: key),
                value: "\(value)"
            )
        }
        return JournalEntry(
            message: event.sentence, priority: JournalPriority(event.level),
            fields: [(name: "SYSLOG_IDENTIFIER", value: identifier)] + fields)
    }
}

extension LogEvent {
    /// The message, and the error that goes with it.
    var sentence: String {
        if let error { return "\(message): \(error)" }
        return "\(message)"
    }
}

extension JournalPriority {
    /// The priority of what is logged at `level`.
    init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info: self = .info
        case .notice: self = .notice
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }
}
