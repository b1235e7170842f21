import CTOML

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
        var text = text
        let read = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cadre_toml_parse($0.baseAddress, $0.count) }
        }
        guard let read else { throw SpecificationError(file: file, line: nil, "there is no memory left to read it") }
        defer { cadre_toml_free(read) }

        let document = read.pointee
        guard let nodes = document.nodes else {
            let place = document.column > 0 ? " (column \(document.column))" : ""
            throw SpecificationError(
                file: file, line: document.line, "this is not TOML: \(document.problem.string)\(place)")
        }
        var rest = nodes
        try self.init(next: &rest, file: file, path: DocumentPath())
    }

    /// A value that is in no file.
    init(_ value: Value, path: DocumentPath) {
        self.value = value
        self.path = path
        file = ""
        line = nil
    }

    /// Takes a value and its members from the front of a list.
    private init(next rest: inout UnsafePointer<cadre_toml_node>, file: String, path: DocumentPath)
        throws(SpecificationError)
    {
        let node = rest.pointee
        rest += 1
        self.file = file
        self.path = path
        line = node.line
        switch node.kind {
        case CADRE_TOML_TABLE:
            var members: [String: DocumentNode] = [:]
            members.reserveCapacity(node.count)
            for _ in 0..<node.count {
                let key = try rest.pointee.key.string(file: file, line: rest.pointee.line)
                let member = try DocumentNode(next: &rest, file: file, path: path + key)
                // Keys that TOML tells apart may be equal to Swift, which compares characters and not bytes. Only keys in
                // ASCII are known, so the one that stays is reported.
                if members[key] == nil { members[key] = member }
            }
            value = .table(members)
        case CADRE_TOML_ARRAY:
            var elements: [DocumentNode] = []
            elements.reserveCapacity(node.count)
            for index in 0..<node.count {
                elements.append(try DocumentNode(next: &rest, file: file, path: path + index))
            }
            value = .array(elements)
        case CADRE_TOML_STRING: value = .string(try node.text.string(file: file, line: node.line))
        case CADRE_TOML_INTEGER: value = .integer(Int(node.integer))
        case CADRE_TOML_FLOAT: value = .float(node.number)
        case CADRE_TOML_BOOLEAN: value = .boolean(node.integer != 0)
        default: value = .date
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

extension cadre_toml_text {
    fileprivate var string: String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: size), as: UTF8.self)
    }

    fileprivate func string(file: String, line: Int) throws(SpecificationError) -> String {
        let string = string
        if string.utf8.contains(0) {
            throw SpecificationError(
                file: file, line: line, "the text has an escaped NUL character, which no argument or name can hold")
        }
        return string
    }
}

extension SpecificationError {
    /// A single problem with a file as such.
    init(file: String, line: Int? = nil, _ message: String) {
        self.init(problems: [Problem(file: file, line: line, message: message)])
    }
}
