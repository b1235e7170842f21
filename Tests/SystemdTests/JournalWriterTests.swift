import CLinux
import Glibc
import Reactor
import Testing

@testable import Systemd

@Suite struct JournalWriterTests {
    /// What a writer sent, and whether it may send more.
    struct Recipient {
        var entries: [JournalEntry] = []
        var calls = 0
        var isOpen = true
        var accepts = true
    }

    /// A writer whose entries go to the recipient, which holds the thread up while it isn't open.
    private func makeWriter(_ recipient: Monitor<Recipient>) throws -> JournalWriter {
        try JournalWriter { entry in
            recipient.update { $0.calls += 1 }
            return recipient.wait(until: \.isOpen) { recipient in
                if recipient.accepts { recipient.entries.append(entry) }
                return recipient.accepts
            }
        }
    }

    private func entry(_ number: Int) -> JournalEntry {
        JournalEntry(message: "\(number)", priority: .info)
    }

    @Test("entries are sent in their order, and a flush waits for them")
    func order() throws {
        let recipient = Monitor(Recipient())
        let writer = try makeWriter(recipient)
        for number in 0..<500 { writer.write(entry(number)) }
        #expect(writer.flush(within: .seconds(30)))
        #expect(recipient.update { $0.entries.map(\.message) } == (0..<500).map { "\($0)" })
    }

    @Test("a journal that does not read holds up nobody; what is lost is counted and reported")
    func overflow() throws {
        let recipient = Monitor(Recipient(isOpen: false))
        let writer = try makeWriter(recipient)
        writer.write(entry(0))
        recipient.wait(until: { $0.calls == 1 }) { _ in }
        for number in 1..<(JournalWriter.capacity + 7) { writer.write(entry(number)) }
        #expect(!writer.flush(within: .milliseconds(1)))
        recipient.update { $0.isOpen = true }
        #expect(writer.flush(within: .seconds(30)))
        let entries = recipient.update { $0.entries }
        #expect(entries.count == JournalWriter.capacity + 1)
        // The thread had one entry in hand, which counts, so that of all the last seven found no room.
        let report = try #require(entries.first { $0.field("CADRE_EVENT") == "lost" })
        #expect(report.field("CADRE_LOST") == "7")
        #expect(report.field("MESSAGE_ID") == EventKind.lost.messageID)
        #expect(report.message == "7 entries are missing here: the journal did not take them in time")
    }

    @Test("what journald refuses is reported once it takes entries again")
    func refusal() throws {
        let recipient = Monitor(Recipient(accepts: false))
        let writer = try makeWriter(recipient)
        writer.write(entry(0))
        #expect(!writer.flush(within: .seconds(30)))
        recipient.update { $0.accepts = true }
        writer.write(entry(1))
        #expect(writer.flush(within: .seconds(30)))
        let entries = recipient.update { $0.entries }
        #expect(entries.map { $0.field("CADRE_LOST") } == [nil, "1"])
    }

    @Test("a writer that is gone leaves no entry behind")
    func end() throws {
        let recipient = Monitor(Recipient(isOpen: false))
        do {
            let writer = try makeWriter(recipient)
            for number in 0..<3 { writer.write(entry(number)) }
        }
        recipient.update { $0.isOpen = true }
        let messages = recipient.wait(
            until: { $0.entries.count == 3 }, within: .seconds(30), then: { $0.entries.map(\.message) })
        #expect(messages == ["0", "1", "2"])
    }

    @Test("a journal is available where somebody listens")
    func availability() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/socket"
            #expect(!JournalWriter.isAvailable(at: path))
            var address = try #require(UnixAddress(path: path))
            do {
                let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
                let listener = Descriptor(owning: try systemCall("socket") { socket(AF_UNIX, type, 0) })
                try systemCall("bind", path) { address.bind(listener) }
                #expect(JournalWriter.isAvailable(at: path))
            }
            #expect(!JournalWriter.isAvailable(at: path), "a socket that nobody listens to any more")
        }
    }
}

extension JournalEntry {
    /// A field's first value.
    func field(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}
