/// Where something is written in a file that is imported.
struct ImportPlace: Hashable, Sendable {
    /// The file's name as it was given, or as another one included it.
    let file: String
    /// The line, from 1 on; nil if it is about the whole file.
    var line: Int?
}

/// Something that the imported configuration doesn't do as the file that it comes from did.
struct ImportRemark: Hashable, Sendable, Encodable, CustomStringConvertible {
    enum Kind: String, Sendable, Encodable {
        /// It was not carried over.
        case dropped
        /// It was carried over, and means something else now.
        case changed
        /// It was carried over, and this machine doesn't have what it names.
        case missing
    }

    let kind: Kind
    let file: String
    let line: Int?
    /// The key as it is called there, with its section: `program:web.priority`; empty if it is about none.
    let key: String
    /// Why, and what to do instead.
    let message: String

    init(_ kind: Kind, _ place: ImportPlace, _ key: String, _ message: String) {
        self.kind = kind
        file = place.file
        line = place.line
        self.key = key
        self.message = message
    }

    /// `file:line: key: message`
    var description: String { description(inDirectory: "") }

    /// The same, with the names of files as they are called in a directory.
    ///
    /// - Parameter directory: with a slash at its end.
    func description(inDirectory directory: String) -> String {
        let file = file.hasPrefix(directory) ? String(file.dropFirst(directory.count)) : file
        let place = line.map { "\(file):\($0)" } ?? file
        let verdict = kind == .dropped ? "not carried over: " : ""
        return "\(place): \(key.isEmpty ? "" : "\(key): ")\(verdict)\(message)"
    }
}
