/// Replaces Circus' `$(circus.…)` and `((circus.…))`, whose names are not case-sensitive.
struct CircusExpansion {
    /// What names stand for, in lower case and without "circus.": `env.name`, `sockets.web`, `wid`.
    var values: [String: String] = [:]

    /// The names that stand in a text, in lower case.
    static func names(in text: String) -> [String] {
        var names: [String] = []
        _ = replacing(in: text) { name in
            names.append(name.lowercased())
            return nil
        }
        return names
    }

    /// The text with what is known replaced, and `circus.env.NAME` that isn't by the variable.
    func expand(_ text: String) -> String {
        Self.replacing(in: ImportedText.unmarked(text)) { name in
            if let value = values[name.lowercased()] { return value }
            return name.lowercased().hasPrefix("env.") ? ImportedText.variable(String(name.dropFirst(4))) : nil
        }
    }

    /// Names that nothing is known of.
    func unknownNames(in text: String) -> [String] {
        Self.names(in: text).filter { values[$0] == nil && !$0.hasPrefix("env.") }
    }

    private static func replacing(in text: String, _ value: (String) -> String?) -> String {
        var (result, rest) = ("", text[...])
        while !rest.isEmpty {
            let opening = ["$(", "(("].first { rest.hasPrefix($0) }
            guard let opening, case let inner = rest.dropFirst(2), inner.lowercased().hasPrefix("circus."),
                let end = inner.firstIndex(of: ")"),
                inner[..<end].allSatisfy({ $0.isLetter || $0.isNumber || "_-.".contains($0) }),
                opening == "$(" || inner[end...].hasPrefix("))")
            else {
                result.append(rest.removeFirst())
                continue
            }
            let after = inner[inner.index(end, offsetBy: opening == "$(" ? 1 : 2)...]
            let whole = rest[..<after.startIndex]
            result += value(String(inner[..<end].dropFirst(7))) ?? String(whole)
            rest = after
        }
        return result
    }
}
