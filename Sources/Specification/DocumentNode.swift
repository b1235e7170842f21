import TOMLKit

/// A value of a configuration with the place where it is written.
struct DocumentNode: Hashable, Sendable {
    indirect enum Value: Hashable, Sendable {
        case table([String: DocumentNode])
        case array([DocumentNode])
        case string(String)
        case integer(Int)
        case float(Double)
        case boolean(Bool)
        /// A date, a time or both.
        case date
    }

    var value: Value
    let file: String
    let line: Int?
    let path: DocumentPath

    /// Reads a document.
    init(file: String, text: String) throws(SpecificationError) {
        if let nul = text.utf8.firstIndex(of: 0) {
            let line = 1 + text.utf8[..<nul].count { $0 == UInt8(ascii: "\n") }
            throw SpecificationError(file: file, line: line, "the line has a NUL character; this is not a text file")
        }
        let locator = KeyLocator(text)
        if let (line, problem) = locator.hazards.first {
            throw SpecificationError(file: file, line: line, "this is not TOML: \(problem)")
        }
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let place = error.source.begin
            throw SpecificationError(
                file: file, line: place.line, "this is not TOML: \(error.description) (column \(place.column))")
        } catch {
            throw SpecificationError(file: file, line: nil, "this is not TOML: \(error)")
        }
        if let line = locator.nulEscapes.first {
            throw SpecificationError(
                file: file, line: line, "the text has an escaped NUL character, which no argument or name can hold")
        }
        self.init(table.tomlValue, file: file, path: DocumentPath(), locator: locator)
    }

    /// A value that is in no file.
    init(_ value: Value, path: DocumentPath) {
        self.value = value
        self.path = path
        file = ""
        line = nil
    }

    private init(_ toml: TOMLValue, file: String, path: DocumentPath, locator: KeyLocator) {
        self.file = file
        self.path = path
        line = locator.lines[path]
        value =
            if let table = toml.table {
                // Keys that TOML tells apart may be equal to Swift, which compares characters and not bytes. Only keys in
                // ASCII are known, so the one that stays is reported.
                .table(
                    Dictionary(
                        table.map { key, value in
                            (key, DocumentNode(value.tomlValue, file: file, path: path + key, locator: locator))
                        }, uniquingKeysWith: { first, _ in first }))
            } else if let array = toml.array {
                .array(
                    array.enumerated().map { index, value in
                        DocumentNode(value.tomlValue, file: file, path: path + index, locator: locator)
                    })
            } else if let string = toml.string {
                .string(string)
            } else if let integer = toml.int {
                .integer(integer)
            } else if let float = toml.double {
                .float(float)
            } else if let boolean = toml.bool {
                .boolean(boolean)
            } else {
                .date
            }
    }

    /// Lays `later` over this: tables are merged key by key, everything else is replaced.
    mutating func merge(_ later: DocumentNode) {
        guard case .table(var members) = value, case .table(let others) = later.value else {
            self = later
            return
        }
        for (key, other) in others {
            members[key]?.merge(other)
            if members[key] == nil { members[key] = other }
        }
        value = .table(members)
    }

    /// What kind of value it is, with its article.
    var kind: String {
        switch value {
        case .table: "a table"
        case .array: "an array"
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number with a fraction"
        case .boolean: "a boolean"
        case .date: "a date or time"
        }
    }

    /// The value as it might be written, for messages; nil if it is too long or unknown.
    var literal: String? {
        switch value {
        case .table, .array, .date: nil
        case .string(let string): string.quoted
        case .integer(let integer): "\(integer)"
        case .float(let float): "\(float)"
        case .boolean(let boolean): "\(boolean)"
        }
    }
}

extension SpecificationError {
    /// A single problem with a file as such.
    init(file: String, line: Int? = nil, _ message: String) {
        self.init(problems: [Problem(file: file, line: line, message: message)])
    }
}
