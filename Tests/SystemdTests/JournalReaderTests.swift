import Glibc
import Testing

@testable import Systemd

@Suite(.enabled(if: access(journalRemote, X_OK) == 0, "needs the Debian package systemd-journal-remote"))
struct JournalReaderTests {
    private let entries = [
        ExportedEntry(
            time: 1_700_000_001, ("SYSLOG_IDENTIFIER", "web/0"), ("MESSAGE", "first"), ("PRIORITY", "4"), ("_PID", "12")
        ),
        ExportedEntry(time: 1_700_000_002, ("SYSLOG_IDENTIFIER", "web/1"), ("MESSAGE", "second")),
        ExportedEntry(
            time: 1_700_000_003, ("SYSLOG_IDENTIFIER", "cadre"), ("MESSAGE", "web/0 exited"), ("CADRE_SERVICE", "web"),
            ("CADRE_WORKER", "0"), ("CADRE_INCARNATION", "7"), ("CADRE_EVENT", "exited"),
            ("MESSAGE_ID", EventKind.exited.messageID)),
        ExportedEntry(
            time: 1_700_000_004, ("SYSLOG_IDENTIFIER", "cadre"), ("MESSAGE", "api/0 exited"), ("CADRE_SERVICE", "api"),
            ("CADRE_WORKER", "0")),
        ExportedEntry(
            time: 1_700_000_005, ("SYSLOG_IDENTIFIER", "cadre"), ("MESSAGE", "web/1 exited"), ("CADRE_SERVICE", "web"),
            ("CADRE_WORKER", "1")),
        ExportedEntry(time: 1_700_000_006, ("SYSLOG_IDENTIFIER", "api/0"), ("MESSAGE", "sixth")),
    ]

    private func withReader(_ body: (inout JournalReader) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try writeJournal("\(directory)/one.journal", entries)
            var reader = try JournalReader(directory: directory)
            try body(&reader)
        }
    }

    private func rest(_ reader: inout JournalReader) throws -> [String] {
        var messages: [String] = []
        while let record = try reader.next() { messages.append(record.message) }
        return messages
    }

    @Test("an entry has its fields, its time and its place")
    func record() throws {
        try withReader { reader in
            let first = try #require(try reader.next())
            #expect(first.identifier == "web/0")
            #expect(first.message == "first")
            #expect(first.priority == .warning)
            #expect(first.pid == 12)
            #expect(first.realtimeMicroseconds == 1_700_000_001_000_000)
            #expect(first.monotonicMicroseconds == nil, "of another boot")
            #expect(first.cursor.contains("b=0123456789abcdef0123456789abcdef"))
            #expect(first.service == nil && first.worker == nil && first.event == nil)
            let second = try #require(try reader.next())
            #expect(second.priority == nil && second.pid == nil)
            let third = try #require(try reader.next())
            #expect(third.service == "web" && third.worker == 0 && third.incarnation == "7")
            #expect(third.event == "exited" && third.messageID == EventKind.exited.messageID)
        }
    }

    @Test("identifiers are listed once each")
    func identifiers() throws {
        try withReader { reader in
            let identifiers = try reader.identifiers()
            #expect(identifiers == ["api/0", "cadre", "web/0", "web/1"])
        }
    }

    @Test("what is selected is read, by identifier and by what the supervisor's entries are about")
    func select() throws {
        try withReader { reader in
            try reader.select(identifiers: ["web/0", "api/0"])
            #expect(try rest(&reader) == ["first", "sixth"])
            try reader.select(identifiers: ["web/0", "web/1"], subjects: [.init(service: "web")])
            try reader.seek(since: 0)
            #expect(try rest(&reader) == ["first", "second", "web/0 exited", "web/1 exited"])
            try reader.select(
                identifiers: ["web/1"], subjects: [.init(service: "web", worker: 1), .init(service: "api", worker: 0)])
            try reader.seek(since: 0)
            #expect(try rest(&reader) == ["second", "api/0 exited", "web/1 exited"])
            try reader.select(identifiers: [], subjects: [.init(service: "api")])
            try reader.seek(since: 0)
            #expect(try rest(&reader) == ["api/0 exited"])
            try reader.select(identifiers: ["nobody"])
            try reader.seek(since: 0)
            #expect(try rest(&reader) == [])
            try reader.select(identifiers: [])
            try reader.seek(since: 0)
            #expect(try rest(&reader).count == 6)
        }
    }

    @Test("the last lines are the last of what is selected", arguments: [0, 1, 2, 4, 5])
    func tail(lines: Int) throws {
        try withReader { reader in
            try reader.select(identifiers: ["web/0", "web/1"], subjects: [.init(service: "web")])
            try reader.seekTail(lines: lines)
            let all = ["first", "second", "web/0 exited", "web/1 exited"]
            #expect(try rest(&reader) == all.suffix(lines))
        }
    }

    @Test("since a time means from the first entry of that time or later")
    func since() throws {
        try withReader { reader in
            try reader.seek(since: 1_700_000_005_000_000)
            #expect(try rest(&reader) == ["web/1 exited", "sixth"])
            try reader.seek(since: 1_700_000_005_000_001)
            #expect(try rest(&reader) == ["sixth"])
            try reader.seek(since: 1_800_000_000_000_000)
            #expect(try rest(&reader) == [])
        }
    }

    @Test("a message keeps its lines and its length, and what isn't UTF-8 is replaced")
    func messageBytes() throws {
        try withTemporaryDirectory { directory in
            let long = String(repeating: "long ", count: 40_000)
            try writeJournal(
                "\(directory)/one.journal",
                [
                    ExportedEntry(time: 1, fields: [("MESSAGE", [0x61, 0xff, 0x0a, 0x3d, 0x62])]),
                    ExportedEntry(time: 2, ("MESSAGE", long)),
                    ExportedEntry(time: 3, ("SYSLOG_IDENTIFIER", "silent")),
                ])
            var reader = try JournalReader(directory: directory)
            #expect(try rest(&reader) == ["a\u{fffd}\n=b", long, ""])
        }
    }

    @Test("who waits is told of a new file, and reads on in it")
    func rotation() throws {
        try withTemporaryDirectory { directory in
            try writeJournal("\(directory)/one.journal", entries)
            var reader = try JournalReader(directory: directory)
            try reader.select(identifiers: ["web/0"])
            try reader.seekTail(lines: 0)
            #expect(try rest(&reader) == [])
            // The watch begins with the first call, which says so.
            let watch = try reader.wait(for: .seconds(30))
            #expect(watch == .filesChanged)
            #expect(try rest(&reader) == [])
            let later = try reader.wait(for: .zero)
            #expect(later == .nothing)
            try writeJournal(
                "\(directory)/two.journal",
                [ExportedEntry(time: 1_700_000_007, ("SYSLOG_IDENTIFIER", "web/0"), ("MESSAGE", "seventh"))])
            var message = try reader.next()?.message
            while message == nil, try reader.wait(for: .seconds(30)) != .nothing {
                message = try reader.next()?.message
            }
            #expect(message == "seventh")
        }
    }

    @Test("a directory that isn't there is an error that names it")
    func noDirectory() throws {
        let error = #expect(throws: JournalError.self) { _ = try JournalReader(directory: "/nonexistent") }
        #expect(
            error?.description
                == "the journal cannot be read: sd_journal_open /nonexistent: No such file or directory (ENOENT)")
    }
}
