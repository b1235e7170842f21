/// Something that must hold and didn't.
package struct Violation: Error, CustomStringConvertible {
    /// Which of the things that must hold: the same text for every violation of it.
    package let rule: String
    /// What was seen.
    package let what: String
    /// When, in virtual time.
    package let at: Duration
    /// What happened last, oldest first, as sentences.
    package internal(set) var trace: [String] = []

    package var description: String { "\(at.clock): \(rule): \(what)" }
}

/// The latest of what happened, for people.
struct Trace {
    private static let mostKept = 400
    private var entries: [(at: Duration, what: Entry)] = []
    private var oldest = 0

    enum Entry {
        case told(Subject, String)
        case done(String)
    }

    /// What is told of.
    typealias Subject = String

    mutating func note(_ entry: @autoclosure () -> Entry, at now: Duration, isWanted: Bool) {
        guard isWanted else { return }
        if entries.count < Self.mostKept {
            entries.append((now, entry()))
        } else {
            entries[oldest] = (now, entry())
            oldest = (oldest + 1) % Self.mostKept
        }
    }

    var lines: [String] {
        (entries.indices.map { entries[(oldest + $0) % entries.count] }).map { at, what in
            switch what {
            case .told(let subject, let text): "\(at.clock)  \(subject)  ← \(text)"
            case .done(let text): "\(at.clock)      → \(text)"
            }
        }
    }
}
