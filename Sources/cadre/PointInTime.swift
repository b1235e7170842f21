import ArgumentParser
import CLinux
import Specification

/// The values of `--since`.
enum PointInTime {
    /// Microseconds since 1970 of a time ago (`10min`), a local day (`2026-01-31`) or a local time.
    ///
    /// - Throws: a `ValidationError` that says what to write.
    static func parse(_ text: String) throws -> UInt64 {
        for format in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"] {
            let seconds = cadre_local_time(text, format)
            if seconds >= 0 { return UInt64(seconds) * 1_000_000 }
        }
        guard let ago = try? DurationFormat.parse(text) else {
            throw ValidationError(
                "--since: \"\(text)\" is no time; write a time ago such as 10min or 2h, a day such as 2026-01-31, "
                    + "or \"2026-01-31 14:00\"")
        }
        let microseconds = ago.components.seconds * 1_000_000 + ago.components.attoseconds / 1_000_000_000_000
        return UInt64(max(0, Int64(time(nil)) * 1_000_000 - microseconds))
    }
}
