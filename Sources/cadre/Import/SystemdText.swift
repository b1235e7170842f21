/// Values of unit files: specifiers (systemd.unit(5)), quotes, and variables in command lines (systemd.service(5)).
struct SystemdText {
    /// The unit's name before "@", or before ".service".
    let prefix: String
    let isTemplate: Bool
    /// The unit file's absolute directory.
    let directory: String
    /// Specifiers that only systemd, or the machine, could tell.
    private(set) var unknown: [String] = []

    init(prefix: String, isTemplate: Bool, directory: String) {
        self.prefix = prefix
        self.isTemplate = isTemplate
        self.directory = directory
    }

    /// Replaces specifiers; those that can't be are left, and noted.
    mutating func expand(_ text: String) -> String {
        var result = ""
        var rest = ImportedText.unmarked(text)[...]
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            guard let specifier = rest.popFirst() else {
                result += "%"
                break
            }
            if let value = value(of: specifier) {
                result += value
            } else {
                unknown.append("%\(specifier)")
                result += "%\(specifier)"
            }
        }
        return result + rest
    }

    private func value(of specifier: Character) -> String? {
        let instance = isTemplate ? ImportedText.worker : ""
        let name = isTemplate ? "\(prefix)@\(instance)" : prefix
        return switch specifier {
        case "%": "%"
        case "i", "I": instance
        case "n": "\(name).service"
        case "N": name
        case "p", "P": prefix
        case "j", "J": prefix.split(separator: "-").last.map(String.init) ?? prefix
        case "t": "/run"
        case "S": "/var/lib"
        case "C": "/var/cache"
        case "L": "/var/log"
        case "E": "/etc"
        case "T": "/tmp"
        case "V": "/var/tmp"
        case "Y": directory
        case "d": ImportedText.variable("CREDENTIALS_DIRECTORY")
        default: nil
        }
    }

    /// Takes away what was noted.
    mutating func takeUnknown() -> [String] {
        defer { unknown = [] }
        return unknown
    }

    /// The words of a value, unquoted as systemd does it; nil if a quote has no end. (To systemd a quote is one only at the
    /// beginning of a word, or behind the name of a variable.)
    static func words(_ text: String) -> [String]? {
        ShellWords.split(text) { _, rest in
            guard let escaped = rest.popFirst() else { return nil }
            return unescaped(escaped, &rest)
        }
    }

    private static func unescaped(_ character: Character, _ rest: inout Substring) -> String {
        switch character {
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "s": return " "
        case "x":
            if let value = UInt8(rest.prefix(2), radix: 16), rest.prefix(2).count == 2, value < 0x80 {
                rest = rest.dropFirst(2)
                return String(Unicode.Scalar(value))
            }
            return "\\x"
        case "\\", "\"", "'", " ": return String(character)
        default: return "\\\(character)"
        }
    }

    /// A word of a command with its variables marked, or replaced by what they are known to be.
    static func marking(_ word: String, known: [String: String]) -> String {
        // A word that is nothing but $NAME becomes several.
        if word.hasPrefix("$"), !word.hasPrefix("${"), case let name = word.dropFirst(), !name.isEmpty, isName(name) {
            guard let value = known[String(name)], !value.contains(where: \.isWhitespace), !value.isEmpty else {
                return ImportedText.words(ofVariable: String(name))
            }
            return value
        }
        var (result, rest) = ("", word[...])
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest.removeFirst()
            } else if rest.first == "{", let end = rest.firstIndex(of: "}"),
                case let name = rest[rest.index(after: rest.startIndex)..<end], isName(name)
            {
                result += known[String(name)] ?? ImportedText.variable(String(name))
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.first?.isNumber == false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// A boolean as systemd spells it; nil if it is none.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "yes", "y", "true", "t", "on": true
        case "0", "no", "n", "false", "f", "off": false
        default: nil
        }
    }
}
