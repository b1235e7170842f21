/// One part of a ``NamePattern``, with the wildcards of glob(7).
struct Glob: Hashable, Sendable {
    private enum Element: Hashable, Sendable {
        case character(Unicode.Scalar)
        case anyCharacter
        case anyText
        case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let elements: [Element]

    /// Reads `text`, a part of `pattern`.
    init(_ text: Substring, in pattern: String) throws(NamePatternError) {
        var elements: [Element] = []
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": if elements.last != .anyText { elements.append(.anyText) }
            case "?": elements.append(.anyCharacter)
            case "[": elements.append(try Self.brackets(&rest, in: pattern))
            default: elements.append(.character(scalar))
            }
        }
        self.elements = elements
    }

    /// Reads what follows an opening bracket, and the closing one.
    private static func brackets(
        _ rest: inout Substring.UnicodeScalarView, in pattern: String
    ) throws(NamePatternError) -> Element {
        guard let end = rest.firstIndex(of: "]") else {
            throw NamePatternError(pattern: pattern, problem: .unclosedBracket)
        }
        var content = rest[..<end]
        rest = rest[rest.index(after: end)...]
        let isNegated = content.first == "!" || content.first == "^"
        if isNegated { content.removeFirst() }
        if content.isEmpty { throw NamePatternError(pattern: pattern, problem: .emptyBrackets) }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let first = content.popFirst() {
            // A "-" at the end stands for itself.
            guard content.first == "-", let last = content.dropFirst().first else {
                ranges.append(first...first)
                continue
            }
            content.removeFirst(2)
            guard first <= last else {
                throw NamePatternError(pattern: pattern, problem: .backwardRange("\(first)-\(last)"))
            }
            ranges.append(first...last)
        }
        return .oneOf(ranges, isNegated: isNegated)
    }

    /// The only text that matches; nil if there is a wildcard.
    var literal: String? {
        var literal = String.UnicodeScalarView()
        for element in elements {
            guard case .character(let scalar) = element else { return nil }
            literal.append(scalar)
        }
        return String(literal)
    }

    /// Whether all of `text` matches.
    ///
    /// Only the last `*` is ever tried again, with one character more: an earlier one need not take more than it did,
    /// as the last may take that as well. So the time is at most the product of both lengths.
    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (position, element) = (0, 0)
        var retry: (position: Int, element: Int)?
        while position < scalars.count {
            if element < elements.count, elements[element] == .anyText {
                retry = (position, element)
                element += 1
            } else if element < elements.count, Self.matches(elements[element], scalars[position]) {
                position += 1
                element += 1
            } else if let last = retry {
                retry = (last.position + 1, last.element)
                (position, element) = (last.position + 1, last.element + 1)
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .anyText }
    }

    private static func matches(_ element: Element, _ scalar: Unicode.Scalar) -> Bool {
        switch element {
        case .character(let other): scalar == other
        case .anyCharacter, .anyText: true
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
