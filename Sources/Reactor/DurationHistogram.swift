/// How often something took how long: counts in buckets whose bounds double, as OpenMetrics' histograms have them.
public struct DurationHistogram: Hashable, Sendable, Codable {
    /// The buckets' upper bounds, in seconds; a last bucket has none.
    public static let bounds: [Double] = [
        0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// How many fell in each bucket, and in no lower one.
    public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    /// All of them together, in seconds.
    public private(set) var sum: Double = 0

    /// No measurement yet.
    public init() {}

    /// How many there were.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Counts one more.
    public mutating func add(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        sum += seconds
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    }
}
