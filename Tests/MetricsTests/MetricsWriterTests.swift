import Reactor
import Testing

@testable import ControlAPI

@Suite("A writer of metrics") struct MetricsWriterTests {
    private func write(_ format: MetricsFormat, _ body: (inout MetricsWriter) -> Void) -> String {
        var writer = MetricsWriter(format: format)
        body(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private func example(_ writer: inout MetricsWriter) {
        writer.family("build", .info, help: "The version.")
        writer.sample(MetricLabels(("version", "1")), nil, .integer(1))
        writer.family("empty", .gauge, help: "Of nothing.")
        writer.family("used_seconds", .counter, help: "Time \"used\".\nIn C:\\")
        writer.sample(MetricLabels(("service", "a")), MetricLabels(("mode", "user")), .microseconds(1_500_000))
        writer.sample(nil, MetricLabels(("mode", "system")), .microseconds(1))
        writer.family("held_bytes", .gauge, help: "Held.")
        writer.sample(nil, nil, .integer(4096))
        writer.family("duration_seconds", .histogram, help: "Durations.")
        var histogram = DurationHistogram()
        for milliseconds in [3, 3, 700, 61_000] { histogram.add(.milliseconds(milliseconds)) }
        writer.histogram(MetricLabels(("service", "a")), histogram)
    }

    @Test("writes OpenMetrics")
    func openMetrics() {
        #expect(
            write(.openMetrics, example) == #"""
                # HELP build The version.
                # TYPE build info
                build_info{version="1"} 1
                # HELP used_seconds Time \"used\".\nIn C:\\
                # TYPE used_seconds counter
                # UNIT used_seconds seconds
                used_seconds_total{service="a",mode="user"} 1.5
                used_seconds_total{mode="system"} 0.000001
                # HELP held_bytes Held.
                # TYPE held_bytes gauge
                # UNIT held_bytes bytes
                held_bytes 4096
                # HELP duration_seconds Durations.
                # TYPE duration_seconds histogram
                # UNIT duration_seconds seconds
                duration_seconds_bucket{service="a",le="0.0001"} 0
                duration_seconds_bucket{service="a",le="0.0005"} 0
                duration_seconds_bucket{service="a",le="0.001"} 0
                duration_seconds_bucket{service="a",le="0.0025"} 0
                duration_seconds_bucket{service="a",le="0.005"} 2
                duration_seconds_bucket{service="a",le="0.01"} 2
                duration_seconds_bucket{service="a",le="0.025"} 2
                duration_seconds_bucket{service="a",le="0.05"} 2
                duration_seconds_bucket{service="a",le="0.1"} 2
                duration_seconds_bucket{service="a",le="0.25"} 2
                duration_seconds_bucket{service="a",le="0.5"} 2
                duration_seconds_bucket{service="a",le="1.0"} 3
                duration_seconds_bucket{service="a",le="2.5"} 3
                duration_seconds_bucket{service="a",le="5.0"} 3
                duration_seconds_bucket{service="a",le="10.0"} 3
                duration_seconds_bucket{service="a",le="30.0"} 3
                duration_seconds_bucket{service="a",le="60.0"} 3
                duration_seconds_bucket{service="a",le="+Inf"} 4
                duration_seconds_sum{service="a"} 61.706
                duration_seconds_count{service="a"} 4
                # EOF

                """#)
    }

    @Test("writes the text format of Prometheus")
    func prometheus() {
        let lines = write(.prometheus, example).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.prefix(11)
                == #"""
                # HELP build_info The version.
                # TYPE build_info gauge
                build_info{version="1"} 1
                # HELP used_seconds_total Time "used".\nIn C:\\
                # TYPE used_seconds_total counter
                used_seconds_total{service="a",mode="user"} 1.5
                used_seconds_total{mode="system"} 0.000001
                # HELP held_bytes Held.
                # TYPE held_bytes gauge
                held_bytes 4096
                # HELP duration_seconds Durations.
                """#.split(separator: "\n")[...])
        #expect(lines.contains(#"duration_seconds_bucket{service="a",le="1"} 3"#))
        #expect(lines.suffix(2) == [#"duration_seconds_count{service="a"} 4"#, ""])
    }

    @Test(
        "writes numbers exactly",
        arguments: [
            (.integer(0), "0"), (.integer(10), "10"), (.integer(.max), "18446744073709551615"),
            (.microseconds(0), "0"), (.microseconds(1_000_000), "1"), (.microseconds(12_000_340), "12.00034"),
            (.microseconds(.max), "18446744073709.551615"), (.number(0.25), "0.25"), (.number(1e20), "1e+20"),
            (.number(1_700_000_000.5), "1700000000.5"), (.number(.infinity), "+Inf"), (.number(-.infinity), "-Inf"),
            (.number(.nan), "NaN"), (.flag(true), "1"), (.flag(false), "0"),
        ] as [(MetricValue, String)])
    func numbers(value: MetricValue, expected: String) {
        let text = write(.prometheus) {
            $0.family("a", .gauge, help: "a")
            $0.sample(nil, nil, value)
        }
        #expect(text == "# HELP a a\n# TYPE a gauge\na \(expected)\n")
    }

    @Test("whatever labels and values there are, they can be read back", arguments: MetricsFormat.allCases)
    func readBack(format: MetricsFormat) throws {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("ab\"\\\n{}=, #é🙂\t")
        func anything() -> String {
            String((0..<Int.random(in: 0..<8, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
        }
        var expected: Set<Exposition.Sample> = []
        let text = write(format) { writer in
            for family in 0..<20 {
                writer.family("family\(family)", .gauge, help: "Help" + anything())
                for number in 0..<20 {
                    let labels = ["text": anything(), "number": "\(number)"]
                    let bits =
                        UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
                    let (value, written): (Double, MetricValue) =
                        switch number % 3 {
                        case 0: (Double(bits), .integer(bits))
                        case 1:
                            (
                                Double("\(bits / 1_000_000).\(String("00000\(bits % 1_000_000)".suffix(6)))")!,
                                .microseconds(bits)
                            )
                        default: (Double(bits) / 7, .number(Double(bits) / 7))
                        }
                    writer.sample(
                        MetricLabels(("text", labels["text"]!)), MetricLabels(("number", labels["number"]!)), written)
                    expected.insert(Exposition.Sample(name: "family\(family)", labels: labels, value: value))
                }
            }
        }
        let exposition = try Exposition(text)
        #expect(Set(exposition.samples) == expected)
        #expect(exposition.isEnded == (format == .openMetrics))
    }
}
