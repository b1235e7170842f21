/// Texts of an imported file on their way to becoming templates of Cadre's.
///
/// What stands for something is marked by characters that Unicode leaves to private use, so that a command can be taken
/// apart before its words become templates.
enum ImportedText {
    static let service = "\u{10FFF0}"
    static let worker = "\u{10FFF1}"
    static let port = "\u{10FFF2}"

    /// The value of a variable that only the worker's environment knows.
    static func variable(_ name: String) -> String { "\u{10FFF3}\(name)\u{10FFF5}" }
    /// The same, split into words.
    static func words(ofVariable name: String) -> String { "\u{10FFF4}\(name)\u{10FFF5}" }

    /// `text` without the characters that would mark something.
    static func unmarked(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !(0x10FFF0...0x10FFF5).contains($0.value) }))
    }

    /// Whether variables stand in it, which only a shell could put in.
    static func hasVariables(_ text: String) -> Bool {
        text.unicodeScalars.contains { (0x10FFF3...0x10FFF5).contains($0.value) }
    }

    /// Whether it differs from worker to worker.
    static func differsByWorker(_ text: String) -> Bool {
        text.contains(worker) || text.contains(port)
    }

    /// As a text that is no template, for the only service that it is of.
    static func literal(_ text: String, service name: String) -> String { text.replacing(service, with: name) }

    /// As a template: with placeholders, and with literal braces doubled.
    static func template(_ text: String) -> String {
        var template = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "{": template += "{{"
            case "}": template += "}}"
            case "\u{10FFF0}": template += "{service}"
            case "\u{10FFF1}": template += "{worker}"
            case "\u{10FFF2}": template += "{port}"
            default: template.unicodeScalars.append(scalar)
            }
        }
        return template
    }
}

extension TOMLText.Value {
    /// Whether variables stand in any of its texts, which only a command's shell could put in.
    var hasVariables: Bool {
        switch self {
        case .string(let text): ImportedText.hasVariables(text)
        case .array(let elements): elements.contains(where: \.hasVariables)
        case .table(let members): members.contains { $0.value.hasVariables }
        case .integer, .float, .boolean: false
        }
    }
}

/// A command as it was found: words, and variables that are set first.
struct ImportedCommand {
    var words: [String]
    /// Variables whose values have others in them, so that only a shell can set them.
    var exports: [(name: String, value: String)] = []

    /// Program and arguments, each a template; through a shell only if it takes one.
    var arguments: [String] {
        guard !exports.isEmpty || words.contains(where: ImportedText.hasVariables) else {
            return words.map(ImportedText.template)
        }
        let settings = exports.map { "export \($0.name)=\(Self.shellWord($0.value)); " }.joined()
        let script = "\(settings)exec \(words.map(Self.shellWord).joined(separator: " "))"
        return ["/bin/sh", "-c", ImportedText.template(script)]
    }

    /// A word as a shell reads it: literal, but for its variables.
    private static func shellWord(_ word: String) -> String {
        var (result, literal) = ("", "")
        func quoted(_ text: String) -> String {
            // Marks of placeholders become names, digits at the most.
            let isPlain = text.unicodeScalars.allSatisfy {
                ShellWords.isPlain($0) || (0x10FFF0...0x10FFF2).contains($0.value)
            }
            return isPlain ? text : "'\(text.replacing("'", with: "'\\''"))'"
        }
        var rest = word.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\u{10FFF3}" || scalar == "\u{10FFF4}" else {
                literal.unicodeScalars.append(scalar)
                continue
            }
            let name = String(String.UnicodeScalarView(rest.prefix { $0 != "\u{10FFF5}" }))
            rest = rest.drop { $0 != "\u{10FFF5}" }.dropFirst()
            if !literal.isEmpty { result += quoted(literal) }
            literal = ""
            result += scalar == "\u{10FFF3}" ? "\"$\(name)\"" : "$\(name)"
        }
        if !literal.isEmpty || result.isEmpty { result += quoted(literal) }
        return result
    }
}
