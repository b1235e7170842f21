/// A key that was pressed.
enum Key: Hashable {
    /// One that stands for a character.
    case character(Character)
    /// A letter with the control key.
    case control(Character)
    case up
    case down
    case left
    case right
    case pageUp
    case pageDown
    case home
    case end
    case enter
    case backspace
    case escape
}

/// Makes keys of the bytes that a terminal sends, which may come in any pieces (ECMA-48, XTerm's control sequences).
struct KeyDecoder {
    private var bytes: [UInt8] = []

    /// Whether a sequence has begun that is not at its end, or an escape key was pressed; only time tells.
    var isWaiting: Bool { !bytes.isEmpty }

    /// Takes what came and returns the keys that are complete.
    mutating func decode(_ more: some Sequence<UInt8>) -> [Key] {
        bytes += more
        var keys: [Key] = []
        while !bytes.isEmpty, let (key, length) = Self.first(bytes) {
            bytes.removeFirst(length)
            if let key { keys.append(key) }
        }
        return keys
    }

    /// Gives up waiting for the rest of what has come.
    mutating func finish() -> [Key] {
        defer { bytes = [] }
        return bytes == [escape] ? [.escape] : []
    }

    private let escape: UInt8 = 0x1B

    /// The first key, nil if it is one that we have no name for, and its length; nil if more must come.
    private static func first(_ bytes: [UInt8]) -> (Key?, Int)? {
        switch bytes[0] {
        case 0x1B: return escapeSequence(bytes)
        case 0x0D, 0x0A: return (.enter, 1)
        case 0x7F, 0x08: return (.backspace, 1)
        case 0x01...0x1A: return (.control(Character(Unicode.Scalar(bytes[0] + 0x60))), 1)
        case 0x20..<0x7F: return (.character(Character(Unicode.Scalar(bytes[0]))), 1)
        case 0xC2...0xF4: return character(bytes)
        default: return (nil, 1)
        }
    }

    private static func character(_ bytes: [UInt8]) -> (Key?, Int)? {
        let length = bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4
        let part = bytes.prefix(length)
        if let wrong = part.dropFirst().firstIndex(where: { $0 & 0xC0 != 0x80 }) { return (nil, wrong) }
        if part.count < length { return nil }
        return (String(validating: part, as: UTF8.self)?.first.map(Key.character), length)
    }

    private static func escapeSequence(_ bytes: [UInt8]) -> (Key?, Int)? {
        guard bytes.count > 1 else { return nil }
        switch bytes[1] {
        case UInt8(ascii: "O"):
            // What arrow keys send in the application mode of the cursor keys.
            guard bytes.count > 2 else { return nil }
            return (named(bytes[2], parameter: ""), 3)
        case UInt8(ascii: "["):
            let parameters = bytes.dropFirst(2).prefix { (0x20..<0x40).contains($0) }
            guard parameters.endIndex < bytes.endIndex else {
                // A terminal sends nothing of such a length; don't hold it for ever.
                return parameters.count < 32 ? nil : (nil, bytes.count)
            }
            let number = parameters.prefix { $0 != UInt8(ascii: ";") }
            let key = named(bytes[parameters.endIndex], parameter: String(decoding: number, as: UTF8.self))
            return (key, parameters.endIndex + 1)
        default:
            return (.escape, 1)
        }
    }

    private static func named(_ final: UInt8, parameter: String) -> Key? {
        switch (final, parameter) {
        case (UInt8(ascii: "A"), _): .up
        case (UInt8(ascii: "B"), _): .down
        case (UInt8(ascii: "C"), _): .right
        case (UInt8(ascii: "D"), _): .left
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): .home
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): .end
        case (UInt8(ascii: "~"), "5"): .pageUp
        case (UInt8(ascii: "~"), "6"): .pageDown
        case (UInt8(ascii: "M"), _): .enter
        default: nil
        }
    }
}
