import CLinux
import Glibc
import Logging
import Reactor
import Testing

@testable import Systemd

@Suite struct LogHandlerTests {
    struct Refusal: Error, CustomStringConvertible {
        let description = "no room"
    }

    private func event(
        _ level: Logger.Level, _ message: Logger.Message, error: (any Error)? = nil, metadata: Logger.Metadata? = nil
    ) -> LogEvent {
        LogEvent(
            level: level, message: message, error: error, metadata: metadata, source: nil, file: "", function: "",
            line: 1)
    }

    @Test("metadata becomes fields of ours, the message ID a field of the journal's")
    func fields() throws {
        var handler = JournalLogHandler(writer: try JournalWriter { _ in true })
        handler[metadataKey: "service"] = "web"
        handler.metadataProvider = Logger.MetadataProvider { ["worker": "1", "service": "api"] }
        let entry = handler.entry(
            for: event(
                .warning, "it stopped", error: Refusal(),
                metadata: ["message-id": "\(EventKind.exited.messageID)", "exit-code": "3", "worker": "0"]))
        #expect(entry.message == "it stopped: no room")
        #expect(entry.priority == .warning)
        #expect(
            entry.fields.map { "\($0.name)=\($0.value)" } == [
                "SYSLOG_IDENTIFIER=cadre", "CADRE_EXIT_CODE=3", "MESSAGE_ID=\(EventKind.exited.messageID)",
                "CADRE_SERVICE=api", "CADRE_WORKER=0",
            ])
    }

    @Test(
        "a level is the priority of that name",
        arguments: zip(
            Logger.Level.allCases, [JournalPriority.debug, .debug, .info, .notice, .warning, .error, .critical]))
    func priorities(level: Logger.Level, priority: JournalPriority) {
        #expect(JournalPriority(level) == priority)
    }

    @Test("what a logger logs reaches the writer, from its level on")
    func logger() throws {
        let messages = Monitor<[String]>([])
        let writer = try JournalWriter { entry in
            messages.update { $0.append(entry.message) }
            return true
        }
        var logger = Logger(label: "test") { _ in JournalLogHandler(writer: writer) }
        var other = logger
        other.logLevel = .error
        logger.logLevel = .debug
        logger.debug("one")
        logger.trace("two")
        other.warning("three")
        other.error("four")
        #expect(writer.flush(within: .seconds(30)))
        #expect(messages.update { $0 } == ["one", "four"])
    }

    @Test("lines for a terminal name the level, where it matters, and colour it")
    func terminalLines() {
        let plain = TerminalLogHandler(output: 2, isColoured: false)
        #expect(plain.line(for: event(.info, "hello")) == "cadre: hello\n")
        #expect(plain.line(for: event(.notice, "hello")) == "cadre: hello\n")
        #expect(plain.line(for: event(.warning, "careful", error: Refusal())) == "cadre: warning: careful: no room\n")
        #expect(plain.line(for: event(.debug, "detail")) == "cadre: debug: detail\n")
        let coloured = TerminalLogHandler(output: 2, isColoured: true)
        #expect(coloured.line(for: event(.info, "hello")) == "cadre: hello\n")
        #expect(coloured.line(for: event(.error, "ouch")) == "cadre: \u{1b}[31merror:\u{1b}[0m ouch\n")
    }

    @Test("what isn't a terminal gets no colours")
    func noTerminal() throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try systemCall("socketpair") { socketpair(AF_UNIX, type, 0, &ends) }
        let reading = Descriptor(owning: ends[0])
        do {
            let writing = Descriptor(owning: ends[1])
            let handler = TerminalLogHandler(output: writing.rawValue)
            Logger(label: "test") { _ in handler }.critical("fire")
        }
        #expect(try reading.readText() == "cadre: critical: fire\n")
    }
}
