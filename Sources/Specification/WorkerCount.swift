/// How many workers a service has.
public enum WorkerCount: Hashable, Sendable, Codable {
    /// This many.
    case count(Int)
    /// One for each processor that may be used.
    case cpus

    /// How many workers a service may have.
    public static let range = 0...10_000

    /// ``range`` in words.
    static let bounds = "\(range.lowerBound) to \(range.upperBound)"

    /// The number of workers on a host with `cpus` usable processors.
    public func resolved(cpus: Int) -> Int {
        switch self {
        case .count(let count): count
        case .cpus: max(1, cpus)
        }
    }
}
