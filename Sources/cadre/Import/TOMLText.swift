import Specification
import Systemd

/// Writes TOML that people go on editing: in a given order, with comments. (What reads TOML here sorts keys and drops
/// comments when it writes.)
struct TOMLText {
    /// A value.
    indirect enum Value: Hashable, Sendable {
        case string(String)
        case integer(Int)
        case float(Double)
        case boolean(Bool)
        case array([Value])
        /// A table within braces.
        case table([Member])

        struct Member: Hashable, Sendable {
            let key: String
            let value: Value
        }

        static func strings(_ texts: [String]) -> Value { .array(texts.map(Value.string)) }
    }

    /// How many columns a line has at the most, if it can be helped.
    static let width = 120

    private(set) var text = ""

    /// Writes an empty line, unless it would be the first.
    mutating func blank() {
        if !text.isEmpty { text += "\n" }
    }

    /// Writes a comment, on as many lines as it takes, those from the second on indented.
    mutating func comment(_ comment: String, indentation: Int = 0) {
        for paragraph in comment.split(separator: "\n", omittingEmptySubsequences: false).map({
            SafeText.clean(String($0))
        }) {
            var line = "#"
            for word in paragraph.split(separator: " ") {
                if line.count + 1 + word.count > Self.width, line != "#" {
                    text += line + "\n"
                    line = "#" + String(repeating: " ", count: indentation)
                }
                line += " " + word
            }
            text += line + "\n"
        }
    }

    /// Writes the header of a table, or of one in an array of tables.
    mutating func header(_ path: [String], isElement: Bool = false) {
        let name = path.map(Self.key).joined(separator: ".")
        text += isElement ? "[[\(name)]]\n" : "[\(name)]\n"
    }

    /// Writes a key and its value.
    mutating func assignment(_ name: String, _ value: Value) {
        let start = "\(Self.key(name)) = "
        let line = start + Self.literal(value)
        if case .array(let elements) = value, line.count > Self.width, elements.count > 1 {
            text += start + "[\n" + elements.map { "    \(Self.literal($0)),\n" }.joined() + "]\n"
        } else {
            text += line + "\n"
        }
    }

    /// A key, quoted where it must be.
    static func key(_ name: String) -> String {
        let isBare =
            !name.isEmpty
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F || $0 == 0x2D
            }
        return isBare ? name : name.quoted
    }

    /// A value on one line.
    static func literal(_ value: Value) -> String {
        switch value {
        case .string(let text): string(text)
        case .integer(let integer): "\(integer)"
        case .float(let float): "\(float)"
        case .boolean(let boolean): "\(boolean)"
        case .array(let elements): "[\(elements.map(literal).joined(separator: ", "))]"
        case .table(let members):
            members.isEmpty
                ? "{}" : "{ \(members.map { "\(key($0.key)) = \(literal($0.value))" }.joined(separator: ", ")) }"
        }
    }

    /// A string that needs no escapes is written without any, as scripts and patterns are full of quotes and backslashes.
    private static func string(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let isLiteral =
            scalars.contains { $0 == "\"" || $0 == "\\" }
            && scalars.allSatisfy { $0 != "'" && $0.value >= 0x20 && $0.value != 0x7F }
        return isLiteral ? "'\(text)'" : text.quoted
    }
}
