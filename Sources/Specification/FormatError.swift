/// A text that isn't what it should be: a size, a duration, an address.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what to write instead, as in `"512X" is not a size; write "512M"`.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) {
        self.description = description
    }
}

extension String {
    /// The text in double quotes, escaped as in TOML, for use in messages, suggestions and files.
    package var quoted: String {
        var result = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Character {
    /// Whether this is one of `0` to `9` (and not another script's digit).
    var isDigit: Bool { ("0"..."9").contains(self) }
}
