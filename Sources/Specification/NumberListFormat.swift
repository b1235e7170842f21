/// Lists of processors or memory nodes as the kernel writes them ("List format" in cpuset(7)): `0-3,6`.
public enum NumberListFormat {
    /// More than any kernel is built for.
    static let highest = 8191

    /// Reads a list.
    ///
    /// - Returns: the numbers, in order, each once; at least one.
    public static func parse(_ text: String) throws(FormatError) -> [Int] {
        var numbers: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { bound in
                bound.allSatisfy(\.isDigit) ? Int(bound).flatMap { $0 <= highest ? $0 : nil } : nil
            }
            guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1],
                first <= last
            else { throw FormatError("\(text.quoted) is not a list of numbers; write one such as \"0-3,6\"") }
            numbers.formUnion(first...last)
        }
        return numbers.sorted()
    }

    /// The short form of numbers that are in order.
    public static func format(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, number == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
