/// A value of JSON with the line that it is on. PM2 reads its JSON as JavaScript does, so comments, commas at the end, and
/// names and single quotes as in JavaScript are let through.
struct RelaxedJSON {
    enum Value {
        case object([(name: String, value: RelaxedJSON)])
        case array([RelaxedJSON])
        case string(String)
        case number(Double)
        case boolean(Bool)
        case null
    }

    let value: Value
    let line: Int

    /// Reads a text.
    static func parse(_ text: String, file: String) throws(ImportError) -> RelaxedJSON {
        var scanner = Scanner(text, file)
        let value = try scanner.value(depth: 0)
        try scanner.end()
        return value
    }

    /// A scalar as text; nil if this is an object, an array or null.
    var text: String? {
        switch value {
        case .string(let text): text
        case .number(let number):
            number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
        case .boolean(let boolean): "\(boolean)"
        case .object, .array, .null: nil
        }
    }

    /// Whether JavaScript takes it for true.
    var isTruthy: Bool {
        switch value {
        case .object, .array: true
        case .string(let text): !text.isEmpty
        case .number(let number): number != 0
        case .boolean(let boolean): boolean
        case .null: false
        }
    }

    private struct Scanner {
        private let characters: [Unicode.Scalar]
        private let file: String
        private var position = 0
        private var line = 1

        init(_ text: String, _ file: String) {
            characters = Array(text.unicodeScalars)
            self.file = file
        }

        private var current: Unicode.Scalar? { position < characters.count ? characters[position] : nil }

        private mutating func advance() {
            if current == "\n" { line += 1 }
            position += 1
        }

        private func problem(_ message: String) -> ImportError {
            ImportError(ImportPlace(file: file, line: line), "this is not JSON: \(message)")
        }

        private mutating func skipBlanks() {
            while let scalar = current {
                let next = position + 1 < characters.count ? characters[position + 1] : nil
                if scalar == "/", next == "/" {
                    while let scalar = current, scalar != "\n" { _ = scalar; advance() }
                } else if scalar == "/", next == "*" {
                    advance()
                    advance()
                    while current != nil,
                        !(current == "*" && position + 1 < characters.count && characters[position + 1] == "/")
                    {
                        advance()
                    }
                    advance()
                    advance()
                } else if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                    advance()
                } else {
                    return
                }
            }
        }

        mutating func end() throws(ImportError) {
            skipBlanks()
            if current != nil { throw problem("there is something behind its end") }
        }

        mutating func value(depth: Int) throws(ImportError) -> RelaxedJSON {
            skipBlanks()
            let start = line
            // Whatever is nested deeper is no list of programs.
            if depth > 64 { throw problem("it is nested deeper than 64 levels") }
            switch current {
            case "{"?: return RelaxedJSON(value: .object(try members(depth)), line: start)
            case "["?: return RelaxedJSON(value: .array(try elements(depth)), line: start)
            case "\""?, "'"?: return RelaxedJSON(value: .string(try string()), line: start)
            case nil: throw problem("it ends too early")
            case _?: return RelaxedJSON(value: try word(), line: start)
            }
        }

        private mutating func members(_ depth: Int) throws(ImportError) -> [(name: String, value: RelaxedJSON)] {
            var members: [(String, RelaxedJSON)] = []
            advance()
            while true {
                skipBlanks()
                if current == "}" { break }
                let name = current == "\"" || current == "'" ? try string() : plainWord()
                if name.isEmpty { throw problem("a name is expected here") }
                skipBlanks()
                guard current == ":" else {
                    throw problem("there is no \":\" behind \(TOMLText.literal(.string(name)))")
                }
                advance()
                members.append((name, try value(depth: depth + 1)))
                skipBlanks()
                if current == "," {
                    advance()
                } else if current != "}" {
                    throw problem("a \",\" or \"}\" is expected here")
                }
            }
            advance()
            return members
        }

        private mutating func elements(_ depth: Int) throws(ImportError) -> [RelaxedJSON] {
            var elements: [RelaxedJSON] = []
            advance()
            while true {
                skipBlanks()
                if current == "]" { break }
                elements.append(try value(depth: depth + 1))
                skipBlanks()
                if current == "," {
                    advance()
                } else if current != "]" {
                    throw problem("a \",\" or \"]\" is expected here")
                }
            }
            advance()
            return elements
        }

        private mutating func plainWord() -> String {
            var word = String.UnicodeScalarView()
            while let scalar = current,
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "_$.+-".unicodeScalars.contains(scalar)
            {
                word.append(scalar)
                advance()
            }
            return String(word)
        }

        private mutating func word() throws(ImportError) -> Value {
            let word = plainWord()
            switch word {
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            case "null", "undefined": return .null
            default:
                if let number = Double(word), number.isFinite { return .number(number) }
                throw problem(
                    word.isEmpty
                        ? "a value is expected here" : "\(word) is JavaScript, which is not evaluated; write its value")
            }
        }

        private mutating func string() throws(ImportError) -> String {
            let quote = current
            var text = String.UnicodeScalarView()
            advance()
            while let scalar = current {
                if scalar == "\n" { break }
                advance()
                if scalar == quote { return String(text) }
                if scalar != "\\" {
                    text.append(scalar)
                    continue
                }
                guard let escaped = current else { break }
                advance()
                switch escaped {
                case "n": text.append("\n")
                case "t": text.append("\t")
                case "r": text.append("\r")
                case "b": text.append("\u{8}")
                case "f": text.append("\u{C}")
                case "u": text.append(try unicode())
                default: text.append(escaped)
                }
            }
            throw problem("a quote has no end on its line")
        }

        private mutating func unicode() throws(ImportError) -> Unicode.Scalar {
            func unit() -> UInt32? {
                guard position + 4 <= characters.count else { return nil }
                return UInt32(String(String.UnicodeScalarView(characters[position..<position + 4])), radix: 16)
            }
            guard let first = unit() else { throw problem("\\u has no four hexadecimal digits behind it") }
            position += 4
            if let scalar = Unicode.Scalar(first) { return scalar }
            // Half of a pair.
            guard (0xD800..<0xDC00).contains(first), position + 6 <= characters.count, characters[position] == "\\",
                characters[position + 1] == "u"
            else { throw problem("\\u stands for half a character") }
            position += 2
            guard let second = unit(), (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            else { throw problem("\\u stands for half a character") }
            position += 4
            return scalar
        }
    }
}
