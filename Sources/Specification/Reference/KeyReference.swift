/// What the configuration's reference tells of a key. Each key that the decoder knows has one.
public struct KeyReference: Hashable, Sendable {
    /// What is in force where the key is left out.
    public enum Absence: Hashable, Sendable {
        /// The same as if this were written, in TOML.
        case value(String)
        /// What `text` says; to write this, in TOML, is an example.
        case unset(example: String)
        /// It can't be left out; this, in TOML, is an example.
        case required(example: String)
        /// It is a table with a reference of its own.
        case table
    }

    /// What may be written.
    public let kind: ValueKind
    /// What is in force without it.
    public let absence: Absence
    /// What it is like elsewhere: an option of systemd's or a file of the kernel's.
    public let like: String?
    /// What it means, in sentences.
    public let text: String

    init(_ kind: ValueKind, default value: String, like: String? = nil, _ text: String) {
        self.init(kind, .value(value), like, text)
    }

    init(_ kind: ValueKind, example: String, like: String? = nil, _ text: String) {
        self.init(kind, .unset(example: example), like, text)
    }

    init(required kind: ValueKind, example: String, like: String? = nil, _ text: String) {
        self.init(kind, .required(example: example), like, text)
    }

    /// A table.
    init(table text: String, like: String? = nil) {
        self.init(.table, .table, like, text)
    }

    private init(_ kind: ValueKind, _ absence: Absence, _ like: String?, _ text: String) {
        self.kind = kind
        self.absence = absence
        self.like = like
        self.text = text
    }

    /// Within which bounds an integer must be.
    var integers: ClosedRange<Int> {
        switch kind {
        case .integer(let range), .integerOrInfinity(let range): return range
        case .boolean, .number, .string, .strings, .choice, .duration, .durationOrInfinity, .size, .path, .account,
            .table,
            .other:
            preconditionFailure("the reference has no integer here, but \(kind)")
        }
    }

    /// Within which bounds a number must be.
    var numbers: ClosedRange<Double> {
        guard case .number(let range) = kind else {
            preconditionFailure("the reference has no number here, but \(kind)")
        }
        return range
    }
}
