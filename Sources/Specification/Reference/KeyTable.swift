/// What the configuration's reference tells of a table: what it is for, and its keys.
public struct KeyTable: Sendable {
    /// A key of a table.
    public struct Key: Hashable, Sendable {
        /// As it is written.
        public let name: String
        /// What there is to tell.
        public let reference: KeyReference
    }

    /// Keys that may stand together in one example of the table.
    public struct Part: Sendable {
        /// What they are for; empty if there is but one part.
        public let text: String
        /// Lines of TOML that the example has before its keys. Where users choose the keys, they are all it has.
        public let lines: [String]
        /// The keys.
        public let keys: [Key]

        init(_ text: String = "", lines: [String] = [], keys: [Key] = []) {
            self.text = text
            self.lines = lines
            self.keys = keys
        }

        init<Keys: SpecificationKey>(_ text: String, lines: [String], _ keys: [Keys]) {
            self.init(text, lines: lines, keys: keys.map { Key(name: $0.rawValue, reference: $0.reference) })
        }
    }

    /// As it is written, with `NAME` for the service's name: `[service.NAME.limits]`; nil for the top of the file.
    public let header: String?
    /// What it is for, in sentences.
    public let text: String
    /// Whether to write it makes a difference even if it is empty.
    public let isOptional: Bool
    /// Its keys.
    public let parts: [Part]

    /// All of its keys.
    public var keys: [Key] { parts.flatMap(\.keys) }

    init(_ header: String?, isOptional: Bool = false, _ text: String, parts: [Part]) {
        self.header = header
        self.isOptional = isOptional
        self.text = text
        self.parts = parts
    }

    /// A table with the keys of the decoder.
    init<Keys: SpecificationKey>(_ header: String?, isOptional: Bool = false, _ text: String, _: Keys.Type) {
        self.init(header, isOptional: isOptional, text, parts: [Part("", lines: [], Array(Keys.allCases))])
    }

    /// A table whose keys users choose.
    init(_ header: String?, isOptional: Bool = false, _ text: String, lines: [String]) {
        self.init(header, isOptional: isOptional, text, parts: [Part(lines: lines)])
    }
}
