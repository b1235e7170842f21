/// What a terminal shows, and what to write so that it shows something else: only the lines that differ.
struct ScreenUpdate {
    private var size = TerminalSize(columns: 0, rows: 0)
    private var shown: [StyledLine] = []
    let isColoured: Bool
    let isASCII: Bool

    init(isColoured: Bool, isASCII: Bool) {
        self.isColoured = isColoured
        self.isASCII = isASCII
    }

    /// Forgets what is shown; the next frame is written whole.
    mutating func forget() {
        size = TerminalSize(columns: 0, rows: 0)
    }

    /// The bytes that change what is shown to these lines; empty if nothing changes.
    mutating func sequence(to lines: [StyledLine], size: TerminalSize) -> String {
        var result = ""
        if size != self.size {
            result = "\u{1B}[0m\u{1B}[2J"
            shown = []
            self.size = size
        }
        for row in 0..<size.rows {
            let line = row < lines.count ? lines[row] : StyledLine()
            let old = row < shown.count ? shown[row] : StyledLine()
            if line == old { continue }
            result += "\u{1B}[\(row + 1);1H\(line.rendered(isColoured: isColoured, isASCII: isASCII))"
            // Behind the last column the cursor stays on it, and this would take its character away.
            if line.columns < size.columns { result += "\u{1B}[K" }
        }
        shown = lines
        return result
    }
}
