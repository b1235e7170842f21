import Testing

@testable import Systemd

@Suite struct JournalEntryTests {
    @Test("field names are those that journald keeps")
    func fieldNames() {
        for name in ["MESSAGE", "CADRE_EXIT_CODE", "A1_", String(repeating: "A", count: 64)] {
            #expect(JournalEntry.isFieldName(name), "\(name)")
        }
        for name in ["", "_PID", "1A", "message", "EXIT-CODE", "ÄRGER", "A=B", String(repeating: "A", count: 65)] {
            #expect(!JournalEntry.isFieldName(name), "\(name)")
        }
    }

    @Test("any metadata key makes a valid field name")
    func fieldNameOfKey() {
        #expect(JournalEntry.fieldName(prefix: "CADRE_", key: "exit-code") == "CADRE_EXIT_CODE")
        #expect(JournalEntry.fieldName(prefix: "CADRE_", key: "memory.peak") == "CADRE_MEMORY_PEAK")
        for key in ["", "ünï", "a=b\nc", String(repeating: "k", count: 100)] {
            #expect(JournalEntry.isFieldName(JournalEntry.fieldName(prefix: "CADRE_", key: key)), "\(key)")
        }
    }

    @Test("an entry is sent as assignments, the message and the priority first")
    func assignments() {
        let entry = JournalEntry(message: "a=b\nc", priority: .notice, fields: [("CADRE_SERVICE", "web"), ("X", "1")])
        #expect(entry.assignments == ["MESSAGE=a=b\nc", "PRIORITY=5", "CADRE_SERVICE=web", "X=1"])
    }

    @Test("every kind of event has a message ID of its own")
    func messageIDs() {
        let identifiers = EventKind.allCases.map(\.messageID)
        #expect(Set(identifiers).count == EventKind.allCases.count)
        for identifier in identifiers {
            #expect(identifier.count == 32 && identifier.allSatisfy { "0123456789abcdef".contains($0) })
        }
    }

    @Test("events are named in lowercase words with hyphens")
    func eventNames() {
        #expect(EventKind.oomKill.rawValue == "oom-kill")
        for kind in EventKind.allCases {
            #expect(kind.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
        }
    }
}
