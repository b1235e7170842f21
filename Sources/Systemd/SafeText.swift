/// Text as a terminal may show it: no character in it moves the cursor, changes the direction of writing or is
/// otherwise more than what it looks like, whoever wrote it.
public enum SafeText {
    /// The text with "?" in place of each unsafe character. A line break or a tab becomes a space.
    public static func clean(_ text: String) -> String {
        // Nearly all text is of this kind.
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\t", "\r": result.append(" ")
            default: result.append(isSafe(scalar) ? scalar : "?")
            }
        }
        return String(result)
    }

    /// The same for a text of several lines, whose breaks stay.
    public static func cleanLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { clean(String($0)) }.joined(separator: "\n")
    }

    /// A line that a program has printed, in which nothing that steers a terminal is left but colours and the like
    /// (`SGR` in console_codes(4)), and these end with the line.
    public static func cleanLine(_ line: some Collection<UInt8>) -> [UInt8] {
        // Nearly all lines are of this kind.
        if line.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x09 }) { return Array(line) }
        var scalars = String(decoding: line, as: UTF8.self).unicodeScalars[...]
        if scalars.last == "\r" { scalars.removeLast() }
        var result = String.UnicodeScalarView()
        var isColoured = false
        while let scalar = scalars.first {
            if scalar == "\u{1B}", let end = endOfColour(scalars) {
                result.append(contentsOf: scalars[..<end])
                scalars = scalars[end...]
                isColoured = true
                continue
            }
            scalars.removeFirst()
            result.append(scalar == "\t" || isSafe(scalar) ? scalar : "?")
        }
        return Array(String(result).utf8) + (isColoured ? Array("\u{1B}[0m".utf8) : [])
    }

    /// Behind `ESC [ … m`, if that is what a text begins with.
    private static func endOfColour(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView.Index? {
        let parameters = text.dropFirst()
        guard parameters.first == "[" else { return nil }
        let end = parameters.dropFirst().drop { ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }
        return end.first == "m" ? text.index(after: end.startIndex) : nil
    }

    /// The text for terminals that can't show more than ASCII, as wide as it was.
    public static func ascii(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        return text.unicodeScalars.map { scalar in
            scalar.isASCII ? String(scalar) : String(repeating: "?", count: columns(of: scalar))
        }.joined()
    }

    /// How many columns the text takes.
    public static func columns(of text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
    }

    /// As much of the text as fits into so many columns.
    public static func prefix(of text: String, columns limit: Int) -> String {
        var (result, used) = (String.UnicodeScalarView(), 0)
        for scalar in text.unicodeScalars {
            used += columns(of: scalar)
            if used > limit { break }
            result.append(scalar)
        }
        return String(result)
    }

    private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    /// The columns of one character, from 0 to 2. Not by wcwidth(3), which knows only the characters of a locale that
    /// is installed here; the terminal may be elsewhere. Where a terminal thinks otherwise, one line is out of step.
    private static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// The blocks of wide characters (Unicode's EastAsianWidth.txt, W and F), roughly.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
        0x1F900...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
