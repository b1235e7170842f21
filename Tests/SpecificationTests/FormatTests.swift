import ControlGroups
import Specification
import Testing

/// The message of the `FormatError` that `parse` throws for `text`, or nil if it throws none.
private func complaint<Result>(_ text: String, _ parse: (String) throws(FormatError) -> Result) -> String? {
    do throws(FormatError) {
        _ = try parse(text)
        return nil
    } catch {
        return error.description
    }
}

@Suite struct FormatTests {
    @Test(
        "durations are spelt as in systemd.time(7)",
        arguments: [
            ("1min 30s", .seconds(90)), ("500ms", .milliseconds(500)), ("2h", .seconds(7200)), ("0", .zero),
            ("5", .seconds(5)), ("1.5s", .milliseconds(1500)), ("2 hours 5minutes", .seconds(7500)),
            ("300ms20s 5day", .seconds(432_020) + .milliseconds(300)), (" 7us ", .microseconds(7)),
            ("1week", .seconds(604_800)), ("1M", .seconds(2_629_800)), ("1m", .seconds(60)),
            ("1y", .seconds(31_557_600)), ("3 µs", .microseconds(3)), ("1d1d", .seconds(172_800)),
        ] as [(String, Duration)])
    func durations(text: String, duration: Duration) throws {
        #expect(try DurationFormat.parse(text) == duration)
    }

    @Test("\"infinity\" is no duration with an end")
    func infinity() throws {
        #expect(try DurationFormat.parse("infinity") == nil)
    }

    @Test(
        "what is no duration is reported with what to write",
        arguments: [
            ("10x", "\"10x\" is not a duration; write \"10s\""),
            ("10S", "\"10S\" is not a duration; write \"10s\""),
            ("soon", "\"soon\" is not a duration; write one such as \"30s\" or \"1min 30s\""),
            ("", "\"\" is not a duration; write one such as \"30s\" or \"1min 30s\""),
            ("  ", "\"  \" is not a duration; write one such as \"30s\" or \"1min 30s\""),
            ("-5s", "\"-5s\" is not a duration; write one such as \"30s\" or \"1min 30s\""),
            ("s", "\"s\" is not a duration; write one such as \"30s\" or \"1min 30s\""),
            ("1.s", "\"1.s\" is not a duration; write \"1s\""),
            ("１s", "\"１s\" is not a duration; write one such as \"30s\" or \"1min 30s\""),
            ("101y", "\"101y\" is longer than 100 years, the longest duration"),
            ("60y 60y", "\"60y 60y\" is longer than 100 years, the longest duration"),
            ("99999999999999999999s", "\"99999999999999999999s\" is longer than 100 years, the longest duration"),
        ])
    func badDurations(text: String, message: String) {
        #expect(complaint(text, DurationFormat.parse) == message)
    }

    @Test(
        "sizes are powers of 1024",
        arguments: [
            ("512M", .bytes(512 << 20)), ("1.5G", .bytes(3 << 29)), ("10K", .bytes(10240)), ("2T", .bytes(2 << 40)),
            ("4096", .bytes(4096)), ("0", .bytes(0)), ("7B", .bytes(7)), ("1 G", .bytes(1 << 30)),
            ("infinity", .infinity), ("9223372036854775807", .bytes(UInt64(Int64.max))),
        ] as [(String, ByteLimit)])
    func sizes(text: String, limit: ByteLimit) throws {
        #expect(try SizeFormat.parse(text) == limit)
    }

    @Test(
        "what is no size is reported with what to write",
        arguments: [
            ("512X", "\"512X\" is not a size; write \"512M\""),
            ("512m", "\"512m\" is not a size; write \"512M\""),
            ("512MB", "\"512MB\" is not a size; write \"512M\""),
            ("2GiB", "\"2GiB\" is not a size; write \"2G\""),
            ("1.G", "\"1.G\" is not a size; write \"1G\""),
            ("", "\"\" is not a size; write a size such as \"512M\", or \"infinity\""),
            ("-1", "\"-1\" is not a size; write a size such as \"512M\", or \"infinity\""),
            ("max", "\"max\" is not a size; write a size such as \"512M\", or \"infinity\""),
            (
                "50%",
                "\"50%\" is a share of the host's memory, which is not supported; write a size such as \"512M\""
            ),
            (
                "9999999999T",
                "\"9999999999T\" is more than the kernel can count; write \"infinity\" for no limit"
            ),
            (
                "9223372036854775808",
                "\"9223372036854775808\" is more than the kernel can count; write \"infinity\" for no limit"
            ),
        ])
    func badSizes(text: String, message: String) {
        #expect(complaint(text, SizeFormat.parse) == message)
    }

    @Test("a fraction takes neither a size nor a duration beyond its bound")
    func fractionsAtTheEdge() {
        #expect(complaint("8388607.99999999999999999T", SizeFormat.parse)?.contains("more than the kernel") == true)
        #expect(
            complaint("100.9y", DurationFormat.parse) == "\"100.9y\" is longer than 100 years, the longest duration")
    }

    @Test("shares of processor time")
    func percentages() throws {
        #expect(try PercentFormat.parse("150%") == 150)
        #expect(try PercentFormat.parse("12.5%") == 12.5)
        for text in ["150", "%", "", "-1%", "1.2.3%", "x%", "1e3%", "nan%", "150 %"] {
            #expect(complaint(text, PercentFormat.parse)?.contains("is not a share of processor time") == true)
        }
        for text in ["0%", "0.5%", "1000001%"] {
            #expect(complaint(text, PercentFormat.parse)?.contains("is out of range") == true)
        }
    }

    @Test(
        "a duration is written as it may be read, to the nanosecond",
        arguments: [
            (.zero, "0s"), (.seconds(90), "1min 30s"), (.milliseconds(100), "100ms"), (.seconds(7200), "2h"),
            (.seconds(604_800), "7d"), (.milliseconds(1500), "1s 500ms"), (.nanoseconds(1_002_003), "1ms 2.003us"),
            (.nanoseconds(70), "0.070us"), (.nanoseconds(3_155_760_000_000_000_000), "36525d"),
            (.nanoseconds(100_000_999_999_999), "1d 3h 46min 40s 999ms 999.999us"),
        ] as [(Duration, String)])
    func exactDurations(duration: Duration, text: String) throws {
        #expect(DurationFormat.format(duration) == text)
        #expect(try DurationFormat.parse(text) == duration)
    }

    @Test(
        "a size is written as it may be read, to the byte",
        arguments: [
            (.bytes(0), "0"), (.bytes(1000), "1000"), (.bytes(1024), "1K"), (.bytes(3 << 29), "1536M"),
            (.bytes((1 << 20) + 1), "1048577"), (.bytes(5 << 40), "5T"), (.infinity, "infinity"),
            (.bytes(UInt64(Int64.max)), "9223372036854775807"),
        ] as [(ByteLimit, String)])
    func exactSizes(limit: ByteLimit, text: String) throws {
        #expect(SizeFormat.exact(limit) == text)
        #expect(try SizeFormat.parse(text) == limit)
    }

    @Test("a share of processor time is written as it may be read")
    func exactShares() throws {
        for text in ["150%", "12.5%", "33.3333%", "1000000%"] {
            #expect(PercentFormat.format(try PercentFormat.parse(text)) == text)
        }
    }

    @Test(
        "spans of time have two units at the most",
        arguments: [
            (.zero, "0s"), (.milliseconds(999), "0s"), (.seconds(12), "12s"), (.seconds(65), "1m05s"),
            (.seconds(3599), "59m59s"), (.seconds(7380), "2h03m"), (.seconds(86399), "23h59m"),
            (.seconds(273_600), "3d04h"), (.seconds(-5), "0s"),
        ] as [(Duration, String)])
    func spans(duration: Duration, text: String) {
        #expect(DurationFormat.uptime(duration) == text)
    }

    @Test("processor time has tenths until a hundred seconds")
    func processorTime() {
        #expect(DurationFormat.cpuTime(.milliseconds(14_290)) == "14.2s")
        #expect(DurationFormat.cpuTime(.milliseconds(400)) == "0.4s")
        #expect(DurationFormat.cpuTime(.milliseconds(99_990)) == "99.9s")
        #expect(DurationFormat.cpuTime(.seconds(100)) == "1m40s")
    }

    @Test(
        "sizes in tables are short",
        arguments: [
            (0, "0B"), (900, "900B"), (1023, "1023B"), (1024, "1K"), (38 << 20, "38M"), (512 << 20, "512M"),
            (3 << 29, "1.5G"), (900 << 10, "900K"), ((1 << 20) - 1, "1M"), (10_444, "10K"), (UInt64.max, "16E"),
        ] as [(UInt64, String)])
    func shortSizes(bytes: UInt64, text: String) {
        #expect(SizeFormat.format(bytes) == text)
    }
}
