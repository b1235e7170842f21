/// Why a specification cannot be used: every problem that was found, not only the first.
public struct SpecificationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is wrong, and where.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// The file's name as it was given.
        public var file: String
        /// The line, from 1 on; nil if the problem is the file itself.
        public var line: Int?
        /// The key, as in `service.web.limits.memory_max`; empty if the problem has none.
        public var path: String
        /// What is wrong, and what to write instead.
        public var message: String

        /// A problem at a place.
        public init(file: String, line: Int? = nil, path: String = "", message: String) {
            self.file = file
            self.line = line
            self.path = path
            self.message = message
        }

        /// `file:line: path: message`, without the parts that are unknown.
        public var description: String {
            let place = line.map { "\(file):\($0)" } ?? file
            return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
        }
    }

    /// The problems, sorted by file and line; at least one.
    public let problems: [Problem]

    /// Collects problems.
    public init(problems: [Problem]) {
        self.problems = problems.sorted { left, right in
            (left.file, left.line ?? 0, left.path, left.message) < (
                right.file, right.line ?? 0, right.path, right.message
            )
        }
    }

    /// The problems, one a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
