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

    package init(rule: String, what: String, at: Duration) { (self.rule, self.what, self.at) = (rule, what, at) }

    package var description: String { "\(at.clock): \(rule): \(what)" }
}

/// The latest of what happened, for people.
struct Trace {
    private static let mostKept = 100
    private var kept: [String] = []
    private var oldest = 0

    mutating func note(_ line: String) {
        if kept.count < Self.mostKept {
            kept.append(line)
        } else {
            kept[oldest] = line
            oldest = (oldest + 1) % Self.mostKept
        }
    }

    /// The oldest first.
    var lines: [String] { Array(kept[oldest...] + kept[..<oldest]) }
}
