/// Durations as systemd.time(7) spells them, such as `1min 30s`, and short forms for tables.
public enum DurationFormat {
    /// Nanoseconds of each unit by all its names; a number without a unit is seconds.
    private static let units: [String: Int64] = {
        let second: Int64 = 1_000_000_000
        let named: [([String], Int64)] = [
            (["us", "usec", "µs", "μs"], 1000), (["ms", "msec"], 1_000_000),
            (["", "s", "sec", "second", "seconds"], second), (["m", "min", "minute", "minutes"], 60 * second),
            (["h", "hr", "hour", "hours"], 3600 * second), (["d", "day", "days"], 86400 * second),
            (["w", "week", "weeks"], 604_800 * second), (["M", "month", "months"], 2_629_800 * second),
            (["y", "year", "years"], 31_557_600 * second),
        ]
        return Dictionary(uniqueKeysWithValues: named.flatMap { names, value in names.map { ($0, value) } })
    }()

    /// Reads a duration; nil is `infinity`.
    public static func parse(_ text: String) throws(FormatError) -> Duration? {
        if text == "infinity" { return nil }
        var rest = text.drop(while: \.isWhitespace)
        if rest.isEmpty { throw unreadable(text) }
        var total: Int64 = 0
        while !rest.isEmpty {
            let whole = rest.prefix(while: \.isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction: Substring = ""
            if rest.first == "." {
                fraction = rest.dropFirst().prefix(while: \.isDigit)
                if fraction.isEmpty { throw unreadable(text) }
                rest = rest.dropFirst(1 + fraction.count)
            }
            rest = rest.drop(while: \.isWhitespace)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count).drop(while: \.isWhitespace)
            guard !whole.isEmpty, let unit = units[String(name)] else { throw unreadable(text) }
            // At most one unit, so that only the sum can be too long.
            let fractionPart = fraction.isEmpty ? 0 : Int64(((Double("0.\(fraction)") ?? 0) * Double(unit)).rounded())
            guard let number = Int64(whole),
                case let (part, partOverflow) = number.multipliedReportingOverflow(by: unit),
                case let (sum, overflow) = total.addingReportingOverflow(part), !partOverflow, !overflow,
                sum <= longest - fractionPart
            else { throw FormatError("\(text.quoted) is longer than 100 years, the longest duration") }
            total = sum + fractionPart
        }
        return .nanoseconds(total)
    }

    /// A duration as it is written in the configuration: `1min 30s`, `100ms`. It is read as the same again.
    public static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = attoseconds / 1_000_000_000
        var parts = [
            (seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s"),
            (nanoseconds / 1_000_000, "ms"),
        ].filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }
        let (microseconds, rest) = (nanoseconds / 1000 % 1000, nanoseconds % 1000)
        let fraction = rest > 0 ? ".\(rest < 10 ? "00" : rest < 100 ? "0" : "")\(rest)" : ""
        if microseconds > 0 || rest > 0 { parts.append("\(microseconds)\(fraction)us") }
        return parts.isEmpty ? "0s" : parts.joined(separator: " ")
    }

    /// A span of time for a table, two units at most: `12s`, `1m05s`, `2h03m`, `3d04h`.
    public static func uptime(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
        if days > 0 { return "\(days)d\(twoDigits(hours % 24))h" }
        if hours > 0 { return "\(hours)h\(twoDigits(minutes % 60))m" }
        if minutes > 0 { return "\(minutes)m\(twoDigits(seconds % 60))s" }
        return "\(seconds)s"
    }

    /// Processor time for a table: `0.4s`, `14.2s`, and from 100 seconds on as ``uptime(_:)``.
    public static func cpuTime(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if seconds >= 100 { return uptime(duration) }
        let tenths = max(0, seconds * 10 + attoseconds / 100_000_000_000_000_000)
        return "\(tenths / 10).\(tenths % 10)s"
    }

    /// A hundred years in nanoseconds: with room to spare for the sums of deadlines.
    private static let longest: Int64 = 100 * 31_557_600 * 1_000_000_000

    private static func twoDigits(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    private static func unreadable(_ text: String) -> FormatError {
        let digits = text.prefix(while: \.isDigit)
        return FormatError(
            "\(text.quoted) is not a duration; write \(digits.isEmpty ? "one such as \"30s\" or \"1min 30s\"" : "\"\(digits)s\"")"
        )
    }
}
