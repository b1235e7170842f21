/// Why an environment file cannot be used.
public struct EnvironmentFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The lines, from 1 on, and what is wrong with each; at least one.
    public let problems: [Problem]

    /// A line that cannot be read.
    public struct Problem: Hashable, Sendable {
        /// The line, from 1 on.
        public let line: Int
        /// What is wrong.
        public let message: String
    }

    /// `line 3: …`, one a line.
    public var description: String {
        problems.map { "line \($0.line): \($0.message)" }.joined(separator: "\n")
    }
}

/// Reads variables in the format of systemd's `EnvironmentFile=` (systemd.exec(5)), in their order.
///
/// Lines that begin with `#` or `;` are comments. Values may be quoted in parts, and quoted ones may go over several
/// lines. Outside quotes a backslash takes the next character literally and joins lines; in double quotes only
/// before `"`, `\`, the backtick, `$` and a line's end. Unlike systemd, which skips what it cannot read, all such lines are
/// reported.
public func parseEnvironmentFile(_ text: String) throws(EnvironmentFileError) -> [(String, String)] {
    var scanner = EnvironmentFileScanner(text)
    scanner.scan()
    if !scanner.problems.isEmpty { throw EnvironmentFileError(problems: scanner.problems) }
    return scanner.variables
}

/// Whether `name` can name an environment variable: letters, digits and `_`, no digit first.
func isValidVariableName(_ name: String) -> Bool {
    !name.isEmpty && name.first?.isDigit == false
        && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F }
}

private struct EnvironmentFileScanner {
    var variables: [(String, String)] = []
    var problems: [EnvironmentFileError.Problem] = []
    private let characters: [Character]
    private var position = 0
    private var line = 1

    init(_ text: String) {
        // A carriage return with its line feed is one Character in Swift, so the two endings look alike.
        characters = text.map { $0 == "\r\n" ? "\n" : $0 }
    }

    mutating func scan() {
        while let character = current {
            switch character {
            case "\n", " ", "\t", "\r": advance()
            case "#", ";": skipLine()
            default: scanVariable()
            }
        }
    }

    private var current: Character? { position < characters.count ? characters[position] : nil }

    private mutating func advance() {
        if current == "\n" { line += 1 }
        position += 1
    }

    private mutating func skipLine() {
        while let character = current, character != "\n" { advance() }
    }

    private mutating func scanVariable() {
        let start = line
        var name = ""
        while let character = current, character != "=", character != "\n" {
            name.append(character)
            advance()
        }
        while name.last?.isWhitespace == true { name.removeLast() }
        guard current == "=" else {
            // It isn't quoted, here and below: it may be a part of a secret.
            report(start, "the line has no \"=\"; write NAME=value")
            return
        }
        advance()
        let value = scanValue()
        if name.hasPrefix("export ") {
            report(start, "this file is read by no shell; leave out \"export\"")
        } else if !isValidVariableName(name) {
            report(
                start,
                "what is before \"=\" is not a variable's name; use letters, digits and \"_\", and no digit first")
        } else if value.unicodeScalars.contains("\0") {
            report(start, "the value has a NUL character, which no environment variable can hold")
        } else {
            variables.append((name, value))
        }
    }

    /// The rest of the line, or more lines as far as quotes and backslashes extend it.
    private mutating func scanValue() -> String {
        var value = ""
        // Blanks at the end, which count only if something follows.
        var blanks = ""
        var mayBeginQuote = true
        while let character = current, character != "\n" {
            switch character {
            case " ", "\t", "\r":
                if !mayBeginQuote { blanks.append(character) }
                advance()
            case "\"" where mayBeginQuote, "'" where mayBeginQuote:
                value += scanQuoted(character)
            case "\\":
                advance()
                if let next = current {
                    if next != "\n" {
                        value += blanks
                        blanks = ""
                        value.append(next)
                        mayBeginQuote = false
                    }
                    advance()
                }
            default:
                value += blanks
                blanks = ""
                value.append(character)
                mayBeginQuote = false
                advance()
            }
        }
        return value
    }

    private mutating func scanQuoted(_ quote: Character) -> String {
        let start = line
        var value = ""
        advance()
        while let character = current {
            advance()
            if character == quote { return value }
            guard quote == "\"", character == "\\", let next = current else {
                value.append(character)
                continue
            }
            switch next {
            case "\n": break
            case "\"", "\\", "`", "$": value.append(next)
            default: value += "\\\(next)"
            }
            advance()
        }
        report(start, "the quote that begins here has no end")
        return value
    }

    private mutating func report(_ line: Int, _ message: String) {
        problems.append(.init(line: line, message: message))
    }
}
