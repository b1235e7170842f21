/// What the number of a service's workers is changed to: `8`, `cpus`, `+2` or `-1`.
public enum CountChange: Hashable, Sendable, CustomStringConvertible {
    /// This number.
    case to(WorkerCount)
    /// So many more, or fewer.
    case by(Int)

    /// Reads a change.
    public static func parse(_ text: String) throws(FormatError) -> CountChange {
        if text == "cpus" { return .to(.cpus) }
        let isRelative = text.hasPrefix("+") || text.hasPrefix("-")
        let digits = text.dropFirst(isRelative ? 1 : 0)
        guard !digits.isEmpty, digits.allSatisfy(\.isDigit) else {
            throw FormatError(
                "\(text.quoted) is not a number of workers; write \(WorkerCount.bounds), one more or less such as "
                    + "\"+2\" or \"-1\", or \"cpus\"")
        }
        guard let number = Int(digits), WorkerCount.range.contains(number) else {
            throw FormatError("\(text.quoted) is out of range; a service has \(WorkerCount.bounds) workers")
        }
        if isRelative { return .by(text.hasPrefix("-") ? -number : number) }
        return .to(.count(number))
    }

    /// The number that `current` workers become on a host with `cpus` usable processors.
    public func applied(to current: Int, cpus: Int) throws(FormatError) -> Int {
        switch self {
        case .to(let count): return count.resolved(cpus: cpus)
        case .by(let difference):
            let sum = current + difference
            if WorkerCount.range.contains(sum) { return sum }
            throw FormatError(
                "\(self) would make \(sum) of \(current) worker\(current == 1 ? "" : "s"); "
                    + "a service has \(WorkerCount.bounds)")
        }
    }

    /// As it is read.
    public var description: String {
        switch self {
        case .to(.cpus): "cpus"
        case .to(.count(let count)): "\(count)"
        case .by(let difference): difference < 0 ? "\(difference)" : "+\(difference)"
        }
    }
}
