/// Takes command lines apart as a shell does that expands nothing: Python's `shlex.split`, which supervisord and Circus
/// use.
enum ShellWords {
    /// The words of a line; nil if a quote in it has no end.
    ///
    /// - Parameter unescape: Takes what a backslash takes the meaning of, within a quote or none, from what follows, and
    ///   returns what they stand for; nil if nothing follows.
    static func split(
        _ line: String, unescape: (_ quote: Character?, _ rest: inout Substring) -> String? = ShellWords.unescape
    ) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = line[...]
        while let character = rest.popFirst() {
            switch (character, quote) {
            case (_, let open?) where character == open: quote = nil
            case ("\\", _):
                guard let text = unescape(quote, &rest) else { return nil }
                word = (word ?? "") + text
            case (_, _?): word?.append(character)
            case ("\"", nil), ("'", nil):
                quote = character
                word = word ?? ""
            case (_, nil) where character.isWhitespace:
                if let word { words.append(word) }
                word = nil
            case (_, nil): word = (word ?? "") + String(character)
            }
        }
        if quote != nil { return nil }
        if let word { words.append(word) }
        return words
    }

    private static func unescape(in quote: Character?, _ rest: inout Substring) -> String? {
        switch quote {
        case "'": return "\\"
        case "\"":
            // Here it takes away the meaning of these two alone.
            guard let next = rest.first, next == "\"" || next == "\\" else { return "\\" }
            rest.removeFirst()
            return String(next)
        default: return rest.popFirst().map(String.init)
        }
    }

    /// Whether a character means nothing to a shell wherever it stands behind a command's name.
    static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)
                || "_-./:,+@%^=".unicodeScalars.contains(scalar))
            || scalar.value > 0x9F
    }

    /// The words of a line that a shell would run as they stand, with nothing to expand and nothing but one command; nil
    /// if it takes a shell.
    ///
    /// - Parameter variables: what `$NAME` and `${NAME}` are replaced by, and need no shell for.
    static func plainCommand(_ line: String, variables: [String: String] = [:]) -> [String]? {
        var text = line
        for (name, value) in variables { text = replacingVariable(name, by: value, in: text) }
        var isQuoted: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            switch (character, isQuoted) {
            case (_, let open?) where character == open: isQuoted = nil
            case ("$", "\""), ("`", "\""), ("\\", "\""): return nil
            case (_, _?): break
            case ("\"", nil), ("'", nil): isQuoted = character
            case (_, nil) where "|&;<>()$`\\*?[]#~!\n".contains(character): return nil
            // Braces are expanded by some shells if there is a comma or ".." in them.
            case ("{", nil), ("}", nil): return nil
            case (_, nil): break
            }
        }
        guard let words = split(text), let first = words.first, !first.contains("="), !builtins.contains(first) else {
            return nil
        }
        return words
    }

    /// Whether a line is one simple command, which a shell can be replaced by.
    static func isSimple(_ line: String) -> Bool {
        guard let first = line.split(whereSeparator: \.isWhitespace).first, !first.contains("="),
            !builtins.contains(String(first))
        else { return false }
        return !line.contains { "|&;<>()\n".contains($0) }
    }

    /// Words that only a shell can run.
    private static let builtins: Set<String> = [
        ".", ":", "[", "[[", "!", "{", "case", "cd", "eval", "exec", "exit", "export", "for", "if", "set", "source",
        "trap", "ulimit", "umask", "unset", "until", "wait", "while",
    ]

    private static func replacingVariable(_ name: String, by value: String, in text: String) -> String {
        let text = text.replacing("${\(name)}", with: value)
        var (result, rest) = ("", text[...])
        while let range = rest.firstRange(of: "$\(name)") {
            let next = rest[range.upperBound...].unicodeScalars.first
            let goesOn = next.map {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_")
            }
            result += rest[..<range.lowerBound] + (goesOn == true ? String(rest[range]) : value)
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
