/// What a key of the configuration may have as its value.
public enum ValueKind: Hashable, Sendable, CustomStringConvertible {
    case boolean
    case integer(ClosedRange<Int>)
    case integerOrInfinity(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case string, strings
    /// One of these strings.
    case choice([String])
    /// A duration that has an end.
    case duration
    case durationOrInfinity
    /// An amount of bytes.
    case size
    /// An absolute path.
    case path
    /// A user or a group, by name, or by number in a string.
    case account
    case table
    /// What these words say.
    case other(String)

    /// One of an enumeration's raw values.
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_: Choice.Type) -> ValueKind {
        .choice(Choice.allCases.map(\.rawValue))
    }

    /// As the reference has it, such as `integer, 1 to 10000`.
    public var description: String {
        switch self {
        case .boolean: "true or false"
        case .integer(let range): "integer, \(range.lowerBound) to \(range.upperBound)"
        case .integerOrInfinity(let range): "integer, \(range.lowerBound) to \(range.upperBound), or \"infinity\""
        case .number(let range): "number, \(Int(range.lowerBound)) to \(Int(range.upperBound))"
        case .string: "string"
        case .strings: "array of strings"
        case .choice(let names): Self.list(names.map(\.quoted))
        case .duration: "duration"
        case .durationOrInfinity: "duration, or \"infinity\""
        case .size: "size, or \"infinity\""
        case .path: "absolute path"
        case .account: "string: a name, or a number"
        case .table: "table"
        case .other(let words): words
        }
    }

    private static func list(_ names: [String]) -> String {
        [names.dropLast().joined(separator: ", "), names.suffix(1).joined()].filter { !$0.isEmpty }
            .joined(separator: " or ")
    }
}
