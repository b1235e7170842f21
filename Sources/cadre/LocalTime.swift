import Glibc

/// Points in time as people here write them.
enum LocalTime {
    /// As in the lines of journalctl(1): `Nov 21 08:31:02`.
    static let short = "%b %d %H:%M:%S"

    /// A time in seconds since 1970, in a format of strftime(3).
    static func text(_ time: time_t, format: String = short) -> String {
        var (seconds, parts) = (time, tm())
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
