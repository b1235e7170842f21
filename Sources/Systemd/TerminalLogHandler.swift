import CLinux
import Glibc
public import Logging
import Reactor
import SystemPackage

/// Writes what is logged by swift-log to the terminal, or to wherever standard error leads, as a program's messages
/// look: `cadre: warning: …`. Coloured by level on a terminal, unless `NO_COLOR` is set.
///
/// Metadata isn't shown, as every message is a whole sentence.
public struct TerminalLogHandler: LogHandler {
    /// What is below isn't logged.
    public var logLevel = Logger.Level.info
    /// Not shown.
    public var metadata: Logger.Metadata = [:]
    /// Not shown.
    public var metadataProvider: Logger.MetadataProvider?

    private let output: Int32
    private let isColoured: Bool

    /// Logs to `output`, which stays open for as long as something is logged; a terminal gets colours.
    public init(output: Int32 = 2) {
        self.init(output: output, isColoured: isatty(output) == 1 && getenv("NO_COLOR") == nil)
    }

    init(output: Int32, isColoured: Bool) {
        self.output = output
        self.isColoured = isColoured
    }

    /// Metadata under a key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the line.
    public func log(event: LogEvent) {
        var rest = Array(line(for: event).utf8)[...]
        while !rest.isEmpty {
            // If standard error is closed, there's nobody left to tell.
            let count = rest.withUnsafeBytes { bytes in
                try? systemCall("write") { CLinux.write(output, bytes.baseAddress, bytes.count) }
            }
            guard let count else { return }
            rest = rest.dropFirst(count)
        }
    }

    func line(for event: LogEvent) -> String {
        // It may quote what a worker, or a client, has said.
        let sentence = SafeText.cleanLines(event.sentence)
        guard let (word, colour) = Self.mark(event.level) else { return "cadre: \(sentence)\n" }
        let label = isColoured ? "\u{1b}[\(colour)m\(word):\u{1b}[0m" : "\(word):"
        return "cadre: \(label) \(sentence)\n"
    }

    /// The word before a message, and its colour as an SGR parameter (console_codes(4)).
    private static func mark(_ level: Logger.Level) -> (word: String, colour: String)? {
        switch level {
        case .trace: ("trace", "2")
        case .debug: ("debug", "2")
        case .info, .notice: nil
        case .warning: ("warning", "33")
        case .error: ("error", "31")
        case .critical: ("critical", "1;31")
        }
    }
}
