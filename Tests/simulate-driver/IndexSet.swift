import ArgumentParser

/// Which of a world's disturbances are meant: `0,3-5`, or `none`.
struct IndexSet: ExpressibleByArgument, CustomStringConvertible {
    let indices: [Int]

    init(_ indices: [Int]) { self.indices = indices.sorted() }

    init?(argument: String) {
        var indices: [Int] = []
        for part in argument == "none" ? [] : argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends[0], let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last else {
                return nil
            }
            indices += first...last
        }
        self.init(indices)
    }

    var description: String {
        var ranges: [ClosedRange<Int>] = []
        for index in indices {
            if let last = ranges.last, last.upperBound + 1 == index {
                ranges[ranges.count - 1] = last.lowerBound...index
            } else {
                ranges.append(index...index)
            }
        }
        let parts = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return parts.isEmpty ? "none" : parts.joined(separator: ",")
    }
}
