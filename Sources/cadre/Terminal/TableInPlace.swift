/// A table that is written over and over at the same place of a terminal, below what was there before.
struct TableInPlace {
    private var size: TerminalSize?
    private var count = 0

    /// The bytes that put these lines in the place of those before; what the terminal has no room for is counted.
    mutating func sequence(
        to lines: [StyledLine], size: TerminalSize, isColoured: Bool, symbols: Symbols
    ) -> String {
        var lines = lines
        // The cursor takes the last line.
        let room = max(1, size.rows - 1)
        if lines.count > room {
            let hidden = lines.count - room + 1
            lines = lines.prefix(room - 1) + [StyledLine("\(symbols.ellipsis) \(hidden) more", .dim)]
        }
        var result = ""
        if self.size != nil, self.size != size {
            // Lines may have been broken anew, and nobody knows where the table begins.
            result = "\u{1B}[H\u{1B}[2J"
        } else if count > 0 {
            result = "\r\u{1B}[\(count)A"
        }
        for var line in lines {
            line.truncate(to: size.columns - 1)
            result += line.rendered(isColoured: isColoured, isASCII: symbols.isASCII) + "\u{1B}[K\n"
        }
        self.size = size
        count = lines.count
        return result + "\u{1B}[J"
    }
}
