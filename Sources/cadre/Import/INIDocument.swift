/// Sections of keys and values, as three programs read them, each in its own way.
struct INIDocument {
    /// Who reads it, which decides what a comment is, what a line goes on with, and which of two equal keys counts.
    enum Dialect {
        /// supervisord: Python's `RawConfigParser` with inline comments after `;` and `#`. Keys are in lower case; the last
        /// of two counts.
        case supervisord
        /// Circus: a parser of its own on top of that. Inline comments after `;`; the first of two keys counts.
        case circus
        /// systemd.syntax(7): a backslash joins lines; keys may be there more than once.
        case systemd
    }

    struct Entry {
        let key: String
        var value: String
        let place: ImportPlace
    }

    struct Section {
        let name: String
        let place: ImportPlace
        var entries: [Entry] = []

        /// The entry that counts of those with this key.
        subscript(key: String) -> Entry? { entries.last { $0.key == key } }
    }

    private(set) var sections: [Section] = []
    private let dialect: Dialect
    /// The section that lines belong to, and the entry that the next line may go on with.
    private var current: (section: Int, entry: Int?)?

    /// A document without sections.
    init(_ dialect: Dialect) { self.dialect = dialect }

    /// The first section of a name.
    subscript(name: String) -> Section? { sections.first { $0.name == name } }

    /// Reads a file, behind what was read before.
    mutating func read(_ text: String, file: String) throws(ImportError) {
        current = nil
        // A carriage return with its line feed is one Character in Swift.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap {
            $0.split(separator: "\r\n", omittingEmptySubsequences: false)
        }.map { String($0.unicodeScalars.last == "\r" ? $0.dropLast() : $0) }
        switch dialect {
        case .supervisord: try readPython(lines, file)
        case .circus: try readCircus(lines, file)
        case .systemd: try readSystemd(lines, file)
        }
    }

    // MARK: - supervisord

    private mutating func readPython(_ lines: [String], _ file: String) throws(ImportError) {
        var indentation = 0
        for (index, line) in lines.enumerated() {
            let place = ImportPlace(file: file, line: index + 1)
            let (value, hasComment) = Self.withoutComment(line)
            if value.isEmpty {
                // An empty line belongs to the value if that goes on behind it.
                if !hasComment { goOn(with: "") }
                continue
            }
            let indent = line.prefix(while: \.isWhitespace).count
            if current?.entry != nil, indent > indentation {
                goOn(with: value)
                continue
            }
            indentation = indent
            try readHeaderOrEntry(value, place)
        }
        trimValues()
    }

    /// The line without white space and comments, as Python finds those: the first `;`, and then the first `#`, if there is
    /// white space before it; and so on for the second ones only if neither was one.
    private static func withoutComment(_ line: String) -> (value: String, hasComment: Bool) {
        let characters = Array(line)
        let start = line.drop(while: \.isWhitespace)
        if start.first == ";" || start.first == "#" { return ("", true) }
        var prefixes: [(Character, from: Int)] = [(";", 0), ("#", 0)]
        var comment: Int?
        while comment == nil, !prefixes.isEmpty {
            prefixes = prefixes.compactMap { prefix, from in
                guard let index = characters[from...].firstIndex(of: prefix) else { return nil }
                if index == 0 || characters[index - 1].isWhitespace { comment = min(comment ?? index, index) }
                return (prefix, index + 1)
            }
        }
        return (Self.trimmed(String(characters[..<(comment ?? characters.count)])), comment != nil)
    }

    // MARK: - Circus

    private mutating func readCircus(_ lines: [String], _ file: String) throws(ImportError) {
        for (index, line) in lines.enumerated() {
            let place = ImportPlace(file: file, line: index + 1)
            if Self.trimmed(line).isEmpty || line.first == "#" || line.first == ";" { continue }
            if line.lowercased().split(whereSeparator: \.isWhitespace).first == "rem", line.first?.isWhitespace == false
            {
                continue
            }
            if line.first?.isWhitespace == true, current?.entry != nil {
                goOn(with: Self.trimmed(line))
                continue
            }
            try readHeaderOrEntry(line, place)
        }
        trimValues()
    }

    // MARK: - systemd

    private mutating func readSystemd(_ lines: [String], _ file: String) throws(ImportError) {
        var pending: (text: String, place: ImportPlace)?
        for (index, line) in lines.enumerated() {
            let start = line.drop(while: \.isWhitespace)
            // A comment doesn't end a line that goes on.
            if start.first == "#" || start.first == ";" { continue }
            if start.isEmpty, pending == nil { continue }
            var (text, place) = pending ?? ("", ImportPlace(file: file, line: index + 1))
            pending = nil
            text += text.isEmpty ? String(start) : line
            if text.hasSuffix("\\") {
                pending = (String(text.dropLast()) + " ", place)
                continue
            }
            try readHeaderOrEntry(Self.trimmed(text), place)
        }
        if let (text, place) = pending { try readHeaderOrEntry(Self.trimmed(text), place) }
    }

    // MARK: - All of them

    private mutating func readHeaderOrEntry(_ line: String, _ place: ImportPlace) throws(ImportError) {
        if line.first == "[", let end = line.lastIndex(of: "]"), end > line.index(after: line.startIndex) {
            return begin(String(line[line.index(after: line.startIndex)..<end]), place)
        }
        let separators: [Character] = dialect == .systemd ? ["="] : ["=", ":"]
        // Circus lets a key be empty.
        guard let separator = line.firstIndex(where: separators.contains),
            separator != line.startIndex || dialect == .circus
        else {
            throw ImportError(place, "this is neither a section such as [name] nor a line such as key = value")
        }
        guard let section = current?.section else {
            throw ImportError(
                place, "the line is in no section; \(dialect == .systemd ? "a unit" : "the file") begins with one")
        }
        var key = Self.trimmed(String(line[..<separator]))
        if dialect == .supervisord { key = key.lowercased() }
        var value = String(line[line.index(after: separator)...])
        if dialect == .circus {
            // Python looks at the first one alone.
            if let comment = value.firstIndex(of: ";"), comment != value.startIndex,
                value[value.index(before: comment)].isWhitespace
            {
                value = String(value[..<comment])
            }
        }
        value = Self.trimmed(value)
        if dialect == .circus, value == "\"\"" { value = "" }
        let known = sections[section].entries.firstIndex { $0.key == key }
        switch (dialect, known) {
        case (.circus, let known?): current = (section, known)
        case (.supervisord, let known?):
            sections[section].entries.remove(at: known)
            fallthrough
        case (.supervisord, nil), (.circus, nil), (.systemd, _):
            sections[section].entries.append(Entry(key: key, value: value, place: place))
            current = (section, sections[section].entries.count - 1)
        }
    }

    private mutating func begin(_ name: String, _ place: ImportPlace) {
        if let index = sections.firstIndex(where: { $0.name == name }) {
            current = (index, nil)
        } else {
            sections.append(Section(name: name, place: place))
            current = (sections.count - 1, nil)
        }
    }

    private mutating func goOn(with line: String) {
        guard let (section, index) = current, let entry = index else { return }
        sections[section].entries[entry].value += "\n\(line)"
    }

    /// Empty lines at the end of a value are none of it.
    private mutating func trimValues() {
        for section in sections.indices {
            for entry in sections[section].entries.indices {
                let value = sections[section].entries[entry].value
                sections[section].entries[entry].value = String(value.reversed().drop(while: \.isWhitespace).reversed())
            }
        }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
