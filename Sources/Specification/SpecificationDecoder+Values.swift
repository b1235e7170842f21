/// Single values: each is returned, or reported and nil.
extension SpecificationDecoder {
    /// Reports that a value is of the wrong kind.
    mutating func mismatch(_ node: DocumentNode, _ expected: String, example: String) {
        let what = node.literal.map { "\($0) is \(node.kind)" } ?? "this is \(node.kind)"
        report(node, "\(what), not \(expected); write \(example)")
    }

    mutating func table(_ node: DocumentNode, example: String) -> [String: DocumentNode]? {
        if case .table(let members) = node.value { return members }
        mismatch(node, "a table", example: example)
        return nil
    }

    mutating func array(_ node: DocumentNode, example: String) -> [DocumentNode]? {
        if case .array(let elements) = node.value { return elements }
        mismatch(node, "an array", example: example)
        return nil
    }

    mutating func string(_ node: DocumentNode) -> String? {
        if case .string(let string) = node.value { return string }
        mismatch(node, "a string", example: node.literal?.quoted ?? "it in quotes")
        return nil
    }

    mutating func boolean(_ node: DocumentNode) -> Bool? {
        if case .boolean(let boolean) = node.value { return boolean }
        mismatch(node, "a boolean", example: "true or false")
        return nil
    }

    mutating func integer(_ node: DocumentNode, in range: ClosedRange<Int>) -> Int? {
        switch node.value {
        case .integer(let integer) where range.contains(integer): return integer
        case .integer(let integer):
            report(node, "\(integer) is out of range; write \(range.lowerBound) to \(range.upperBound)")
        case .table, .array, .string, .float, .boolean, .date:
            var example = "\(range.lowerBound) to \(range.upperBound)"
            if case .string(let text) = node.value, let integer = Int(text), range.contains(integer) {
                example = "\(integer) without quotes"
            }
            mismatch(node, "an integer", example: example)
        }
        return nil
    }

    /// An integer within the bounds that the reference has for the key.
    mutating func integer<Key: SpecificationKey>(_ node: DocumentNode, of key: Key) -> Int? {
        integer(node, in: key.reference.integers)
    }

    /// A number within the bounds that the reference has for the key.
    mutating func number<Key: SpecificationKey>(_ node: DocumentNode, of key: Key) -> Double? {
        number(node, in: key.reference.numbers)
    }

    mutating func number(_ node: DocumentNode, in range: ClosedRange<Double>) -> Double? {
        let bounds = "\(Int(range.lowerBound)) to \(Int(range.upperBound))"
        let number: Double
        switch node.value {
        case .integer(let integer): number = Double(integer)
        case .float(let float): number = float
        case .table, .array, .string, .boolean, .date:
            mismatch(node, "a number", example: bounds)
            return nil
        }
        if range.contains(number) { return number }
        report(node, "\(node.literal ?? "this") is out of range; write \(bounds)")
        return nil
    }

    /// One of an enumeration's raw values.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ node: DocumentNode) -> Choice? {
        let names = Choice.allCases.map(\.rawValue.quoted)
        let list = [names.dropLast().joined(separator: ", "), names.suffix(1).joined()].filter { !$0.isEmpty }
            .joined(separator: " or ")
        guard case .string(let text) = node.value else {
            mismatch(node, "a string", example: list)
            return nil
        }
        if let choice = Choice(rawValue: text) { return choice }
        report(node, "\(text.quoted) is unknown; write \(list)")
        return nil
    }

    /// A string that `parse` understands.
    mutating func parsed<Result>(
        _ node: DocumentNode, _ expected: String, example: String, _ parse: (String) throws(FormatError) -> Result
    ) -> Result? {
        guard case .string(let text) = node.value else {
            mismatch(node, expected, example: example)
            return nil
        }
        do {
            return try parse(text)
        } catch {
            report(node, error.description)
            return nil
        }
    }

    /// A duration that has an end.
    mutating func boundedDuration(_ node: DocumentNode, allowingZero: Bool = false) -> Duration? {
        guard let duration = duration(node) else { return nil }
        guard let duration else {
            report(node, "\"infinity\" is not possible here, as this must end; write a duration such as \"1min\"")
            return nil
        }
        if duration > .zero || allowingZero { return duration }
        report(node, "the duration must be more than zero; write one such as \"10s\"")
        return nil
    }

    /// A duration, or nil, unreported, for `infinity`, which switches off what it bounds.
    mutating func optionalDuration(_ node: DocumentNode) -> Duration? {
        guard case let duration?? = duration(node) else { return nil }
        if duration > .zero { return duration }
        report(node, "the duration must be more than zero; write one such as \"10s\", or \"infinity\" for none")
        return nil
    }

    /// A duration; the inner nil is `infinity`.
    private mutating func duration(_ node: DocumentNode) -> Duration?? {
        let text: String
        switch node.value {
        case .integer(let seconds): text = "\(seconds)"
        case .float(let seconds): text = "\(seconds)"
        case .string, .table, .array, .boolean, .date:
            return parsed(node, "a duration", example: "one such as \"30s\"", DurationFormat.parse)
        }
        do {
            return .some(try DurationFormat.parse(text))
        } catch {
            report(node, error.description)
            return nil
        }
    }

    /// An absolute path, which may follow a `-` if that is allowed.
    mutating func absolutePath(_ node: DocumentNode, allowingDash: Bool = false) -> String? {
        guard let path = string(node) else { return nil }
        if path.hasPrefix("/") || allowingDash && path.hasPrefix("-/") { return path }
        report(node, "\(path.quoted) is not an absolute path; write one that begins with \"/\"")
        return nil
    }

    /// `text`, if its placeholders are known.
    mutating func template(_ text: String, _ node: DocumentNode) -> String? {
        guard let problem = Template.problem(in: text, hasPort: hasPort) else { return text }
        report(node, problem)
        return nil
    }
}
