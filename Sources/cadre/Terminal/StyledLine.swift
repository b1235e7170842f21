import Systemd

/// A line for a terminal: pieces of text, each in its style. Whatever is put into it is cleaned (``SafeText``).
struct StyledLine: Hashable {
    private struct Piece: Hashable {
        var text: String
        var style: TextStyle
    }

    private var pieces: [Piece] = []
    /// How many columns it takes.
    private(set) var columns = 0

    init() {}

    init(_ text: String, _ style: TextStyle = .plain) {
        append(text, style)
    }

    /// The text alone.
    var text: String { pieces.map(\.text).joined() }

    mutating func append(_ text: String, _ style: TextStyle = .plain) {
        let text = SafeText.clean(text)
        if text.isEmpty { return }
        columns += SafeText.columns(of: text)
        if let last = pieces.last, last.style == style {
            pieces[pieces.count - 1].text += text
        } else {
            pieces.append(Piece(text: text, style: style))
        }
    }

    mutating func append(_ other: StyledLine) {
        for piece in other.pieces { append(piece.text, piece.style) }
    }

    /// Appends a cell of a table: a text that takes exactly so many columns, cut off if it has more.
    mutating func append(
        cell text: String, _ style: TextStyle = .plain, columns width: Int, isRight: Bool = false, symbols: Symbols
    ) {
        var text = SafeText.clean(text)
        if SafeText.columns(of: text) > width {
            text = SafeText.prefix(of: text, columns: width - 1) + (width > 0 ? symbols.ellipsis : "")
        }
        let padding = String(repeating: " ", count: max(0, width - SafeText.columns(of: text)))
        if isRight { append(padding, style) }
        append(text, style)
        if !isRight { append(padding, style) }
    }

    /// Appends spaces until it has so many columns.
    mutating func pad(to width: Int, _ style: TextStyle = .plain) {
        append(String(repeating: " ", count: max(0, width - columns)), style)
    }

    /// Cuts off what is beyond so many columns.
    mutating func truncate(to width: Int) {
        if columns <= width { return }
        let old = pieces
        self = StyledLine()
        for piece in old where columns < width {
            append(SafeText.prefix(of: piece.text, columns: width - columns), piece.style)
        }
    }

    /// The line with every piece reversed, which marks a selection.
    var reversed: StyledLine {
        var line = self
        for index in line.pieces.indices { line.pieces[index].style.isReversed = true }
        return line
    }

    /// What to print where there is no terminal: the text, without spaces at its end.
    func plain(isASCII: Bool) -> String {
        let text = isASCII ? SafeText.ascii(text) : text
        return String(text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)])
    }

    /// What to write to a terminal.
    func rendered(isColoured: Bool, isASCII: Bool = false) -> String {
        var result = ""
        for piece in pieces {
            let text = isASCII ? SafeText.ascii(piece.text) : piece.text
            let sequence = piece.style.sequence(isColoured: isColoured)
            result += sequence.isEmpty ? text : "\(sequence)\(text)\u{1B}[0m"
        }
        return result
    }
}
