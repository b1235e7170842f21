import Reactor

/// What a family of metrics counts or shows.
enum MetricKind: String {
    /// Only grows.
    case counter
    /// Goes up and down.
    case gauge
    /// How often something took how long.
    case histogram
    /// Always 1; its labels tell something.
    case info
}

/// The value of a sample.
enum MetricValue: Equatable, Sendable {
    case integer(UInt64)
    /// Written in seconds.
    case microseconds(UInt64)
    case number(Double)

    static func flag(_ isSet: Bool) -> MetricValue { .integer(isSet ? 1 : 0) }
}

/// Label pairs as they are written, `service="web",worker="0"`.
struct MetricLabels: Equatable, Sendable {
    let bytes: [UInt8]

    init(_ pairs: (name: String, value: String)...) {
        var bytes: [UInt8] = []
        for (name, value) in pairs {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes += name.utf8
            bytes += "=\"".utf8
            bytes += escaped(value, quotes: true)
            bytes.append(UInt8(ascii: "\""))
        }
        self.bytes = bytes
    }
}

/// Writes metrics, family by family, as bytes; a family without a sample is left out.
///
/// See the OpenMetrics specification 1.0 and Prometheus' "Exposition formats".
struct MetricsWriter {
    let format: MetricsFormat
    private(set) var bytes: [UInt8] = []
    /// The head of the present family, until its first sample is written.
    private var head: [UInt8] = []
    /// The name of the present family's samples, but for the parts of a histogram.
    private var name: [UInt8] = []

    init(format: MetricsFormat, capacity: Int = 0) {
        self.format = format
        bytes.reserveCapacity(capacity)
    }

    // MARK: Families

    /// Begins a family, named without `_total` or `_info`; a name that ends in `_seconds` or `_bytes` tells the unit.
    mutating func family(_ family: String, _ kind: MetricKind, help: String) {
        name = Array(family.utf8)
        switch kind {
        case .counter: name += "_total".utf8
        case .info: name += "_info".utf8
        case .gauge, .histogram: break
        }
        head.removeAll(keepingCapacity: true)
        // Only in OpenMetrics is a family something else than its samples.
        let shown = format == .openMetrics ? Array(family.utf8) : name
        let shownKind = kind == .info && format == .prometheus ? MetricKind.gauge : kind
        addHead("HELP", shown, escaped(help, quotes: format == .openMetrics))
        addHead("TYPE", shown, Array(shownKind.rawValue.utf8))
        if format == .openMetrics, let unit = ["seconds", "bytes"].first(where: { family.hasSuffix("_\($0)") }) {
            addHead("UNIT", shown, Array(unit.utf8))
        }
    }

    private mutating func addHead(_ keyword: StaticString, _ family: [UInt8], _ text: [UInt8]) {
        head.append("# ")
        head.append(keyword)
        head.append(" ")
        head += family
        head.append(" ")
        head += text
        head.append("\n")
    }

    // MARK: Samples

    /// Writes a sample of the present family.
    mutating func sample(_ labels: MetricLabels? = nil, _ more: MetricLabels? = nil, _ value: MetricValue) {
        begin("", labels, more?.bytes)
        end(value)
    }

    /// Writes a histogram, the only one of these labels in the present family.
    mutating func histogram(_ labels: MetricLabels? = nil, _ histogram: DurationHistogram) {
        var count: UInt64 = 0
        for (index, bucket) in histogram.counts.enumerated() {
            count += bucket
            begin("_bucket", labels, format == .openMetrics ? Self.bounds[index] : Self.shortBounds[index])
            end(.integer(count))
        }
        begin("_sum", labels, nil)
        end(.number(histogram.sum))
        begin("_count", labels, nil)
        end(.integer(count))
    }

    /// The bounds as OpenMetrics wants them, always with a point, and as Prometheus' own libraries write them.
    private static let bounds = DurationHistogram.bounds.map { bound("\($0)") } + [bound("+Inf")]
    private static let shortBounds =
        DurationHistogram.bounds.map { bound("\($0)".hasSuffix(".0") ? "\(Int($0))" : "\($0)") } + [bound("+Inf")]

    private static func bound(_ text: String) -> [UInt8] { MetricLabels(("le", text)).bytes }

    private mutating func begin(_ suffix: StaticString, _ labels: MetricLabels?, _ more: [UInt8]?) {
        if !head.isEmpty {
            bytes += head
            head.removeAll(keepingCapacity: true)
        }
        bytes += name
        bytes.append(suffix)
        guard labels != nil || more != nil else { return }
        bytes.append(UInt8(ascii: "{"))
        if let labels { bytes += labels.bytes }
        if labels != nil, more != nil { bytes.append(UInt8(ascii: ",")) }
        if let more { bytes += more }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func end(_ value: MetricValue) {
        bytes.append(UInt8(ascii: " "))
        switch value {
        case .integer(let number): bytes.append(decimal: number)
        case .microseconds(let number): bytes.append(microseconds: number)
        case .number(let number):
            // As `1e+20` and `0.25`, which is how both formats want it; infinity and NaN have words of their own.
            bytes += (number.isFinite ? "\(number)" : number.isNaN ? "NaN" : number > 0 ? "+Inf" : "-Inf").utf8
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Ends the text, and returns it.
    consuming func finish() -> [UInt8] {
        if format == .openMetrics { bytes += "# EOF\n".utf8 }
        return bytes
    }
}

/// Escapes backslashes and newlines, and quotes where the text stands in some.
private func escaped(_ text: String, quotes: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): bytes.append(#"\\"#)
        case UInt8(ascii: "\n"): bytes.append(#"\n"#)
        case UInt8(ascii: "\"") where quotes: bytes.append(#"\""#)
        default: bytes.append(byte)
        }
    }
    return bytes
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func append(decimal number: UInt64) {
        if number < 10 { return append(UInt8(ascii: "0") + UInt8(number)) }
        append(number, digits: 0)
    }

    /// As seconds, without zeros at the end: 1500000 is `1.5`.
    fileprivate mutating func append(microseconds: UInt64) {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        append(decimal: seconds)
        if rest == 0 { return }
        append(UInt8(ascii: "."))
        var (digits, count) = (rest, 6)
        while digits % 10 == 0 { (digits, count) = (digits / 10, count - 1) }
        append(digits, digits: count)
    }

    /// In at least so many digits.
    private mutating func append(_ number: UInt64, digits: Int) {
        var left = number
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
            var first = 20
            while left > 0 || 20 - first < digits {
                first -= 1
                buffer[first] = UInt8(ascii: "0") + UInt8(left % 10)
                left /= 10
            }
            append(contentsOf: buffer[first...])
        }
    }
}
