import Specification

/// How far something is that takes long: `restarting web  [#####.....]  5/10  12s`.
struct ProgressBar: Hashable {
    private static let width = 10

    /// What is going on.
    var title: String
    /// How many of how many are through; nil as long as that isn't known.
    var count: (done: Int, total: Int)? { total > 0 ? (done, total) : nil }
    var done = 0
    var total = 0
    var elapsed = Duration.zero

    /// The line, of at most so many columns; the title is what gives way.
    func line(columns: Int) -> StyledLine {
        var rest = StyledLine()
        if let count {
            let filled = Self.width * count.done / count.total
            rest.append("  [")
            rest.append(String(repeating: "#", count: filled), TextStyle(colour: .green))
            rest.append(String(repeating: ".", count: Self.width - filled), .dim)
            rest.append("]  \(count.done)/\(count.total)")
            // What was replaced may take its time to stop.
            if count.done == count.total { rest.append(", finishing") }
        }
        rest.append("  \(DurationFormat.uptime(elapsed))")
        var line = StyledLine(title)
        line.truncate(to: max(0, columns - rest.columns))
        line.append(rest)
        line.truncate(to: columns)
        return line
    }
}
