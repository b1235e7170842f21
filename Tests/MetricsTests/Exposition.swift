import Testing

/// What a text of metrics says; parsed without mercy, so that a test fails where a lenient reader would guess.
struct Exposition {
    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    var types: [String: String] = [:]
    var units: [String: String] = [:]
    var samples: [Sample] = []
    var isEnded = false

    init(_ text: String) throws {
        try #require(text.hasSuffix("\n"))
        // The samples of a family stand together, so a name that was left must not come again.
        var left: Set<String> = []
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            try #require(!isEnded, "something follows # EOF")
            if line == "# EOF" {
                isEnded = true
            } else if line.hasPrefix("# ") {
                let words = line.split(separator: " ", maxSplits: 3).map(String.init)
                try #require(words.count == 4, "\(line)")
                switch words[1] {
                case "TYPE":
                    try #require(types[words[2]] == nil, "\(words[2]) comes twice")
                    types[words[2]] = words[3]
                case "UNIT": units[words[2]] = words[3]
                default: try #require(words[1] == "HELP", "\(line)")
                }
            } else {
                let sample = try Self.sample(line)
                if let last = samples.last, last.name != sample.name, !sample.name.contains(/_(bucket|sum|count)$/) {
                    left.insert(last.name)
                }
                try #require(!left.contains(sample.name), "\(sample.name) is not in one piece")
                samples.append(sample)
            }
        }
        try #require(Set(samples.map { [$0.name: $0.labels] }).count == samples.count, "a sample comes twice")
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest = rest.dropFirst()
                let label = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(label.count)
                try #require(rest.hasPrefix("=\""), "\(line)")
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value.append("\n")
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    default: Issue.record("\(line)")
                    }
                }
                try #require(labels.updateValue(value, forKey: String(label)) == nil, "\(line)")
            } while rest.first == ","
            try #require(rest.popFirst() == "}", "\(line)")
        }
        try #require(rest.popFirst() == " ", "\(line)")
        let value = rest == "+Inf" ? Double.infinity : try #require(Double(rest), "\(line)")
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// The value of a sample.
    subscript(name: String, labels: [String: String]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }
}
