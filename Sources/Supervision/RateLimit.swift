/// Lets so many through in each interval, and counts the rest: for entries of a log that others can provoke.
public struct RateLimit: Hashable, Sendable {
    private let most: Int
    private let interval: Duration
    private var beginning: Duration?
    private var count = 0
    private var leftOut = 0

    /// A limit that nothing has come to.
    public init(_ most: Int, per interval: Duration) {
        self.most = most
        self.interval = interval
    }

    /// Counts one more.
    ///
    /// - Returns: nil if it is to be left out; otherwise how many were since the last one that wasn't.
    public mutating func pass(at now: Duration) -> Int? {
        if beginning.map({ now - $0 >= interval }) ?? true {
            beginning = now
            count = 0
        }
        count += 1
        guard count <= most else {
            leftOut += 1
            return nil
        }
        defer { leftOut = 0 }
        return leftOut
    }
}
