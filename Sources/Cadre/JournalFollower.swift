import Probes
import Reactor
import Synchronization
import Systemd

/// Looks for lines of workers in the journal, on a thread of its own that lives as long as any line is waited for.
final class JournalFollower: Sendable {
    private struct Subject {
        let identifier: String
        /// The end of the incarnation's cgroup's path, `/web/0@17`: a predecessor has the same identifier.
        let group: String
        /// Microseconds since 1970.
        let since: UInt64
        let watch: LineWatch
    }

    private struct State {
        var subjects: [Subject] = []
        var isRunning = false
        var isChanged = false
    }

    private let state = Mutex(State())
    /// Where the journal is; nil for this machine's.
    private let directory: String?

    init(directory: String? = nil) {
        self.directory = directory
    }

    /// Looks for a line of an incarnation, from now on.
    ///
    /// - Parameter groupPath: The incarnation's cgroup, relative to the delegated root.
    func follow(_ identifier: String, groupPath: String, since: Double, _ watch: LineWatch) throws(SystemCallError) {
        let subject = Subject(
            identifier: identifier, group: "/\(groupPath)", since: UInt64(max(0, since) * 1e6), watch: watch)
        let mustStart = state.withLock { state in
            state.subjects.append(subject)
            state.isChanged = true
            return !exchange(&state.isRunning, with: true)
        }
        guard mustStart else { return }
        do {
            try startThread(name: "cadre-journal") { self.run() }
        } catch {
            state.withLock { $0 = State() }
            throw error
        }
    }

    private func run() {
        do {
            var reader = try JournalReader(directory: directory)
            var subjects: [Subject] = []
            while let changed = next() {
                if let changed {
                    subjects = changed
                    try reader.select(identifiers: Set(subjects.map(\.identifier)).sorted())
                    // What was read before is read again, which does no harm.
                    try reader.seek(since: subjects.map(\.since).min() ?? 0)
                }
                while let record = try reader.next() {
                    for subject in subjects where Self.isOf(subject, record) {
                        subject.watch.look(at: Array(record.message.utf8))
                    }
                }
                // Not for longer, as nothing else tells of a new subject.
                _ = try reader.wait(for: .milliseconds(100))
            }
        } catch {
            let subjects = state.withLock { exchange(&$0, with: State()).subjects }
            for subject in subjects { subject.watch.fail("\(error)") }
        }
    }

    /// The subjects that are left, if they have changed; nil when there are none, and then this thread's time is over.
    private func next() -> [Subject]?? {
        state.withLock { state in
            let count = state.subjects.count
            state.subjects.removeAll { $0.watch.isOver }
            if state.subjects.isEmpty {
                state = State()
                return nil
            }
            let isChanged = exchange(&state.isChanged, with: false) || state.subjects.count != count
            return .some(isChanged ? state.subjects : nil)
        }
    }

    private static func isOf(_ subject: Subject, _ record: JournalRecord) -> Bool {
        guard record.identifier == subject.identifier, record.realtimeMicroseconds >= subject.since else {
            return false
        }
        // journald can't tell of a process that was gone when it looked.
        guard let group = record.controlGroup else { return true }
        return group.hasSuffix(subject.group) || group.contains("\(subject.group)/")
    }
}
