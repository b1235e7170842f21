import ArgumentParser
import Glibc
import Testing

@testable import CadreCommand

@Suite("A value of --since") struct PointInTimeTests {
    @Test("may be a time ago") func ago() throws {
        let before = UInt64(time(nil)) * 1_000_000
        let parsed = try PointInTime.parse("1h 30min") + 5400 * 1_000_000
        let after = UInt64(time(nil)) * 1_000_000
        #expect((before...after).contains(parsed))
    }

    @Test(
        "may be a local time, or a day's beginning",
        arguments: [
            ("2026-01-31 14:05:06", 14 * 3600 + 5 * 60 + 6), ("2026-01-31T14:05:06", 14 * 3600 + 5 * 60 + 6),
            ("2026-01-31 14:05", 14 * 3600 + 5 * 60),
        ])
    func local(text: String, secondsOfDay: Int) throws {
        let midnight = try PointInTime.parse("2026-01-31")
        #expect(try PointInTime.parse(text) == midnight + UInt64(secondsOfDay) * 1_000_000)
    }

    @Test("is refused if it is none", arguments: ["", "soon", "2026-13-01", "2026-01-31 25:00", "14:00 yesterday"])
    func wrong(text: String) {
        #expect(throws: ValidationError.self) { try PointInTime.parse(text) }
    }
}
