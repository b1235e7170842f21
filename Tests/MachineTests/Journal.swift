import Systemd

/// What arrives in the journal from the moment this is made, so that a test can wait for it.
final class Journal {
    private var reader: JournalReader
    /// What has arrived and nobody has waited for.
    private(set) var waiting: [JournalRecord] = []

    /// Begins to read what the supervisor and these workers write.
    init(of workers: [String]) throws {
        reader = try JournalReader()
        // From now on it hears of entries, whatever a test does to the machine.
        _ = try reader.wait(for: .zero)
        try reader.select(identifiers: ["cadre"] + workers)
        try reader.seekTail(lines: 0)
    }

    /// Waits for an entry, and takes it away: to wait for the same again is to wait for another one.
    @discardableResult
    func entry(
        _ wanted: String, within limit: Duration = patience, where isWanted: (JournalRecord) -> Bool
    ) throws -> JournalRecord {
        let deadline = ContinuousClock.now + limit
        while true {
            try read()
            if let index = waiting.firstIndex(where: isWanted) { return waiting.remove(at: index) }
            let left = deadline - .now
            guard left > .zero else {
                let found = waiting.map { "\n  \($0.identifier): \($0.message)" }.joined()
                throw Trouble("\(wanted) isn't in the journal, only:\(found)")
            }
            _ = try reader.wait(for: left)
        }
    }

    /// Waits for an event of the supervisor's that concerns a worker (`web/0`), a service (`web`), or nothing; if given,
    /// of this incarnation.
    @discardableResult
    func event(
        _ kind: EventKind, of subject: String? = nil, incarnation: Int? = nil, within limit: Duration = patience
    ) throws -> JournalRecord {
        try entry("\(kind.rawValue) of \(subject ?? "the supervisor")", within: limit) { record in
            let about = record.service.map { service in record.worker.map { "\(service)/\($0)" } ?? service }
            return record.identifier == "cadre" && record.event == kind.rawValue && (subject == nil || about == subject)
                && (incarnation == nil || record.incarnation == incarnation.map(String.init))
        }
    }

    /// Waits for a line of a worker.
    @discardableResult
    func line(of worker: String, _ text: String) throws -> JournalRecord {
        try entry("\"\(text)\" of \(worker)") { $0.identifier == worker && $0.message == text }
    }

    /// Waits for a line of a worker that begins so, and returns the rest.
    func line(of worker: String, beginning text: String) throws -> String {
        let record = try entry("\"\(text)…\" of \(worker)") {
            $0.identifier == worker && $0.message.hasPrefix(text)
        }
        return String(record.message.dropFirst(text.count))
    }

    /// Whether such an event has arrived by now; it stays.
    func has(_ kind: EventKind) throws -> Bool {
        try read()
        return waiting.contains { $0.identifier == "cadre" && $0.event == kind.rawValue }
    }

    /// Forgets what has arrived by now.
    func discard() throws {
        try read()
        waiting = []
    }

    private func read() throws {
        while let record = try reader.next() { waiting.append(record) }
    }
}
