/// Finds the line of every key and array element in a TOML document, which TOMLKit does not tell.
///
/// This only follows a document's lexical structure (https://toml.io/en/v1.0.0), and finds nothing useful, but ends, where
/// there is none.
struct KeyLocator {
    /// The line, from 1 on, of each table, key and array element.
    private(set) var lines: [DocumentPath: Int] = [:]
    /// Lines with an escape for U+0000, at which TOMLKit would silently cut off the text.
    private(set) var nulEscapes: [Int] = []
    /// What isn't TOML in a way that would have TOMLKit end the process, and its line.
    private(set) var hazards: [(line: Int, problem: String)] = []

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    /// How many elements each array of tables has so far.
    private var tableCounts: [DocumentPath: Int] = [:]

    init(_ text: String) {
        bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        scanDocument()
    }

    private mutating func scanDocument() {
        var table = DocumentPath()
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"): advance()
            case UInt8(ascii: "#"): skipComment()
            case UInt8(ascii: "["): table = scanHeader()
            default: scanKeyAndValue(in: table)
            }
        }
    }

    /// `[a.b]` or `[[a.b]]`: the path of the table that begins here.
    private mutating func scanHeader() -> DocumentPath {
        let start = line
        advance()
        let isArray = current == UInt8(ascii: "[")
        if isArray { advance() }
        skipBlanks()
        if let byte = current, byte != UInt8(ascii: "]"), !Self.beginsKey(byte) {
            hazards.append((line, "a table's name has letters from A to Z, digits, _ and - only; put others in quotes"))
        }
        let keys = scanKeys()
        while current == UInt8(ascii: "]") { advance() }

        var path = DocumentPath()
        for (position, key) in keys.enumerated() {
            let isLast = position == keys.count - 1
            path = path + key
            record(path, start, isDefinition: isLast && !(isArray && tableCounts[path] != nil))
            if isLast && isArray {
                let index = tableCounts[path, default: 0]
                tableCounts[path] = index + 1
                path = path + index
                record(path, start, isDefinition: true)
            } else if let count = tableCounts[path] {
                path = path + (count - 1)
            }
        }
        return path
    }

    /// Whether a key, bare or in quotes, can begin with this.
    private static func beginsKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""),
            UInt8(ascii: "'"):
            true
        default: false
        }
    }

    private mutating func scanKeyAndValue(in table: DocumentPath) {
        let (start, before) = (line, position)
        let keys = scanKeys()
        var path = table
        for (position, key) in keys.enumerated() {
            path = path + key
            record(path, start, isDefinition: position == keys.count - 1)
        }
        if current == UInt8(ascii: "=") { advance() }
        scanValue(path)
        if position == before { advance() }
    }

    /// The parts of a dotted key.
    private mutating func scanKeys() -> [String] {
        var keys: [String] = []
        while true {
            skipBlanks()
            if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
                keys.append(scanString())
            } else {
                let start = position
                while let byte = current, !" \t.=[]{},#\"'\r\n".utf8.contains(byte) { advance() }
                if position == start { return keys }
                keys.append(String(decoding: bytes[start..<position], as: UTF8.self))
            }
            skipBlanks()
            guard current == UInt8(ascii: ".") else { return keys }
            advance()
        }
    }

    private mutating func scanValue(_ path: DocumentPath) {
        skipBlanks()
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = scanString()
        case UInt8(ascii: "["): scanArray(path)
        case UInt8(ascii: "{"): scanInlineTable(path)
        default: while let byte = current, !",]}#\n".utf8.contains(byte) { advance() }
        }
    }

    private mutating func scanArray(_ path: DocumentPath) {
        advance()
        var index = 0
        while true {
            skipTrivia()
            guard let byte = current else { return }
            if byte == UInt8(ascii: "]") { return advance() }
            // Beyond ASCII are kinds of white space that are none in TOML.
            if byte == UInt8(ascii: "}") || !(0x21..<0x7F).contains(byte) {
                hazards.append((line, "in an array there is something that no value begins with; put text in quotes"))
            }
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") {
                advance()
                continue
            }
            record(path + index, line, isDefinition: true)
            scanValue(path + index)
            index += 1
        }
    }

    private mutating func scanInlineTable(_ path: DocumentPath) {
        advance()
        while true {
            skipTrivia()
            guard let byte = current else { return }
            if byte == UInt8(ascii: "}") { return advance() }
            if byte == UInt8(ascii: ",") { advance() } else { scanKeyAndValue(in: path) }
        }
    }

    /// Skips a string of any of the four kinds, and says what it reads as.
    private mutating func scanString() -> String {
        let quote = bytes[position]
        let isMultiline = bytes[position...].starts(with: [quote, quote, quote])
        for _ in 0..<(isMultiline ? 3 : 1) { advance() }
        var content: [UInt8] = []
        while let byte = current {
            if byte == quote, !isMultiline || bytes[position...].starts(with: [quote, quote, quote]) {
                for _ in 0..<(isMultiline ? 3 : 1) { advance() }
                // Up to two quotes may stand right before the three that end the string.
                var extra = 0
                while isMultiline, extra < 2, current == quote {
                    advance()
                    extra += 1
                }
                break
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                scanEscape(into: &content)
            } else {
                content.append(byte)
                advance()
            }
        }
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func scanEscape(into content: inout [UInt8]) {
        advance()
        guard let byte = current else { return }
        let escaped = Unicode.Scalar(byte)
        advance()
        switch escaped {
        case "b": content.append(0x08)
        case "t": content.append(0x09)
        case "n": content.append(0x0A)
        case "f": content.append(0x0C)
        case "r": content.append(0x0D)
        case "u", "U":
            let digits = bytes[position...].prefix(escaped == "u" ? 4 : 8)
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
            for _ in digits { advance() }
            if value == 0 { nulEscapes.append(line) }
            content += Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
        case "\n":
            // The backslash joins the lines.
            break
        default: content.append(byte)
        }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func advance() {
        if current == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    private mutating func skipBlanks() {
        while current == UInt8(ascii: " ") || current == UInt8(ascii: "\t") { advance() }
    }

    private mutating func skipComment() {
        while let byte = current, byte != UInt8(ascii: "\n") { advance() }
    }

    private mutating func skipTrivia() {
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"): advance()
            case UInt8(ascii: "#"): skipComment()
            default: return
            }
        }
    }

    /// Notes where `path` is. A table's own header counts for more than an earlier mention on the way to something in it.
    private mutating func record(_ path: DocumentPath, _ line: Int, isDefinition: Bool) {
        if isDefinition || lines[path] == nil { lines[path] = line }
    }
}
