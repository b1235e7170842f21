/// What a terminal shows of the bytes written to it: as much of a terminal as `cadre top` and a shell need.
///
/// What it doesn't know it shows, so that a test sees it.
struct ScreenEmulator {
    let columns: Int
    let rows: Int
    private var cells: [[Character]]
    private var other: [[Character]]
    private var row = 0
    private var column = 0
    /// Where the cursor was before the alternate screen.
    private var saved = (0, 0)
    private var pending: [UInt8] = []
    /// Whether the screen is the alternate one.
    private(set) var isAlternate = false
    /// Whether the cursor is shown.
    private(set) var hasCursor = true

    init(columns: Int, rows: Int) {
        (self.columns, self.rows) = (columns, rows)
        cells = Self.empty(columns, rows)
        other = cells
    }

    /// The lines, without the spaces at their ends.
    var lines: [String] {
        cells.map { line in String(line[..<((line.lastIndex { $0 != " " } ?? -1) + 1)]) }
    }

    private static func empty(_ columns: Int, _ rows: Int) -> [[Character]] {
        Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    /// Takes bytes in any pieces.
    mutating func write(_ bytes: [UInt8]) {
        pending += bytes
        while let length = firstLength() {
            let part = pending.prefix(length)
            pending = Array(pending.dropFirst(length))
            if part.first == 0x1B {
                control(Array(part))
            } else {
                show(String(decoding: part, as: UTF8.self))
            }
        }
    }

    /// The length of the first character or sequence; nil if it isn't complete.
    private func firstLength() -> Int? {
        guard let first = pending.first else { return nil }
        if first != 0x1B {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            return pending.count < length ? nil : length
        }
        guard pending.count > 1 else { return nil }
        guard pending[1] == UInt8(ascii: "[") else { return 2 }
        return pending.dropFirst(2).firstIndex { (0x40...0x7E).contains($0) }.map { $0 + 1 }
    }

    private mutating func control(_ sequence: [UInt8]) {
        let text = String(decoding: sequence.dropFirst(2), as: UTF8.self)
        let numbers = text.dropLast().split(separator: ";").map { Int($0) ?? 0 }
        switch text.last {
        case "H":
            row = min(max((numbers.first ?? 1) - 1, 0), rows - 1)
            column = numbers.count > 1 ? min(max(numbers[1] - 1, 0), columns - 1) : 0
        case "A": row = max(row - (numbers.first ?? 1), 0)
        case "J":
            let all = numbers.first == 2
            for index in (all ? 0 : row + 1)..<max(rows, all ? 0 : row + 1) { cells[index] = Self.empty(columns, 1)[0] }
            if !all { erase(from: column) }
        case "K": erase(from: column)
        case "m": break
        case "h" where text == "?1049h": switchScreen(true)
        case "l" where text == "?1049l": switchScreen(false)
        case "h" where text == "?25h": hasCursor = true
        case "l" where text == "?25l": hasCursor = false
        case "h" where text == "?7h": break
        case "l" where text == "?7l": break
        default: show("<\(text)>")
        }
    }

    private mutating func switchScreen(_ toAlternate: Bool) {
        if toAlternate == isAlternate { return }
        swap(&cells, &other)
        if toAlternate {
            cells = Self.empty(columns, rows)
            saved = (row, column)
        } else {
            (row, column) = saved
        }
        isAlternate = toAlternate
    }

    private mutating func erase(from start: Int) {
        for index in min(start, columns)..<columns { cells[row][index] = " " }
    }

    private mutating func show(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\r": column = 0
            case "\n":
                row += 1
                if row == rows {
                    cells.removeFirst()
                    cells.append(Self.empty(columns, 1)[0])
                    row -= 1
                }
            default:
                cells[row][min(column, columns - 1)] = Character(scalar)
                column += 1
            }
        }
    }
}
