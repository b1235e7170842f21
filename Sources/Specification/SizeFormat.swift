public import ControlGroups

/// Sizes as systemd spells them: `512M`, `1.5G`, `infinity`; K, M, G and T are powers of 1024.
///
/// See "MemoryMax=" in systemd.resource-control(5).
public enum SizeFormat {
    private static let units: [Character: UInt64] = [
        "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
    ]

    /// Reads a size; a bare number is bytes.
    public static func parse(_ text: String) throws(FormatError) -> ByteLimit {
        if text == "infinity" { return .infinity }
        if text.hasSuffix("%") {
            throw FormatError(
                "\(text.quoted) is a share of the host's memory, which is not supported; write a size such as \"512M\"")
        }
        let whole = text.prefix(while: \.isDigit)
        var rest = text.dropFirst(whole.count)
        var fraction: Substring = ""
        if rest.first == "." {
            fraction = rest.dropFirst().prefix(while: \.isDigit)
            rest = rest.dropFirst(1 + fraction.count)
            if fraction.isEmpty { throw unreadable(text) }
        }
        let suffix = rest.drop { $0 == " " }
        guard !whole.isEmpty, suffix.count <= 1, let unit = units[suffix.first ?? "B"] else { throw unreadable(text) }
        // A fraction of less than a byte is cut off.
        let part = fraction.isEmpty ? 0 : UInt64((Double("0.\(fraction)") ?? 0) * Double(unit))
        guard let number = UInt64(whole), case let (product, isTooLarge) = number.multipliedReportingOverflow(by: unit),
            case let (bytes, overflow) = product.addingReportingOverflow(part), !isTooLarge, !overflow,
            bytes <= UInt64(Int64.max)
        else { throw FormatError("\(text.quoted) is more than the kernel can count; write \"infinity\" for no limit") }
        return .bytes(bytes)
    }

    /// A short form for tables, rounded: `38M`, `1.5G`, `900B`.
    public static func format(_ bytes: UInt64) -> String {
        var value = Double(bytes)
        var suffixes = "BKMGTPE"[...]
        while value >= 1023.5, suffixes.count > 1 {
            value /= 1024
            suffixes = suffixes.dropFirst()
        }
        let tenths = (value * 10).rounded()
        let unit = suffixes.prefix(1)
        if tenths >= 100 || tenths.truncatingRemainder(dividingBy: 10) == 0 { return "\(Int(value.rounded()))\(unit)" }
        return "\(Int(tenths) / 10).\(Int(tenths) % 10)\(unit)"
    }

    /// A size as it is written in the configuration, with the largest unit that leaves no fraction: `512M`, `1000`.
    public static func exact(_ limit: ByteLimit) -> String {
        guard case .bytes(let bytes) = limit else { return "infinity" }
        let unit = units.filter { bytes >= $0.value && bytes.isMultiple(of: $0.value) }.max { $0.value < $1.value }
        guard let unit, unit.value > 1 else { return "\(bytes)" }
        return "\(bytes / unit.value)\(unit.key)"
    }

    private static func unreadable(_ text: String) -> FormatError {
        let digits = text.prefix(while: \.isDigit)
        guard !digits.isEmpty else {
            return FormatError("\(text.quoted) is not a size; write a size such as \"512M\", or \"infinity\"")
        }
        // 512m, 512MB and 512MiB are meant as 512M.
        let letter = text.first { $0.isLetter }.flatMap { $0.uppercased().first }
        let unit = letter.flatMap { units[$0] == nil || $0 == "B" ? nil : $0 } ?? "M"
        return FormatError("\(text.quoted) is not a size; write \"\(digits)\(unit)\"")
    }
}
