/// What supervisord's `%(name)s` stand for in a program's section, as Cadre has it: with the worker's number in place of
/// `process_num`, which it can't count up in any other way than from 0.
struct SupervisordExpansion {
    /// The texts that expressions stand for.
    var values: [String: String]
    /// What `%(ENV_NAME)s` is known to be; all else is in the environment, or not.
    var environment: [String: String] = [:]
    let numbers: Range<Int>
    /// The port that number 0 would have, once a number has turned out to be one.
    private(set) var firstPort: Int?
    /// What could not be expanded as supervisord does, as sentences.
    private(set) var changes: [String] = []

    /// Numbers from `start` on.
    init(values: [String: String], start: Int, count: Int) {
        self.values = values
        numbers = start..<(start + max(count, 1))
    }

    /// Why a text can't be expanded.
    struct Problem: Error {
        let message: String
    }

    /// Expands the expressions of Python's % operator that supervisord's documentation has.
    mutating func expand(_ text: String) throws(Problem) -> String {
        var result = ""
        var rest = ImportedText.unmarked(text)[...]
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            if rest.first == "%" {
                result += "%"
                rest.removeFirst()
                continue
            }
            guard rest.first == "(", let end = rest.firstIndex(of: ")") else {
                throw Problem(message: "there is a \"%\" that belongs to no expression, which supervisord refuses")
            }
            let name = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
            let flags = rest.prefix { $0.isNumber }
            rest = rest.dropFirst(flags.count)
            guard let kind = rest.popFirst(), kind == "s" || kind == "d" || kind == "i" else {
                throw Problem(message: "%(\(name)) has no \"s\" or \"d\" behind it, which supervisord refuses")
            }
            try append(name, flags, isNumber: kind != "s", to: &result)
        }
        return result + rest
    }

    private mutating func append(
        _ name: String, _ flags: Substring, isNumber: Bool, to result: inout String
    ) throws(Problem) {
        if name == "process_num" {
            // A width without a zero before it pads with spaces.
            let width = isNumber && flags.first == "0" ? Int(flags) ?? 0 : 0
            return appendNumber(width: width, to: &result)
        }
        if let value = values[name] {
            result += value
        } else if name.hasPrefix("ENV_") {
            let variable = String(name.dropFirst(4))
            result += environment[variable] ?? ImportedText.variable(variable)
        } else {
            throw Problem(message: "nobody knows what %(\(name))s is; write its value")
        }
    }

    /// Appends the number of the process: padded while that is no more than a digit before it, as a port if it can be
    /// one, or else the worker's number, which may be another one.
    private mutating func appendNumber(width: Int, to result: inout String) {
        let last = numbers.upperBound - 1
        if numbers.lowerBound == 0, width <= 1 || numbers.count <= 10 {
            result += String(repeating: "0", count: max(0, width - 1)) + ImportedText.worker
            return
        }
        // "80%(process_num)02d" counts like a port does, if all numbers have as many digits.
        let digits = max(width, "\(last)".count)
        let before = String(result.reversed().prefix { $0.isASCII && $0.isNumber }.reversed())
        let scale = (0..<min(digits, 6)).reduce(1) { scale, _ in scale * 10 }
        if max(width, "\(numbers.lowerBound)".count) == digits, before.count <= 5 {
            let first = (Int(before) ?? 0) * scale + numbers.lowerBound
            if (1024...65535).contains(first), first + numbers.count <= 65536, firstPort ?? first == first {
                firstPort = first
                result.removeLast(before.count)
                result += ImportedText.port
                return
            }
        }
        result += ImportedText.worker
        let was = "\(padded(numbers.lowerBound, width)) to \(padded(last, width))"
        changes.append("the numbers \(was) are 0 to \(numbers.count - 1) here, as workers are counted from 0, unpadded")
    }

    private func padded(_ number: Int, _ width: Int) -> String {
        String(repeating: "0", count: max(0, width - "\(number)".count)) + "\(number)"
    }
}

/// supervisord's `environment=`: `KEY="value",KEY2=value2`.
enum SupervisordEnvironment {
    /// The variables in their order, as Python's `shlex` in its older way finds them; nil if supervisord would refuse it.
    static func parse(_ text: String) -> [(name: String, value: String)]? {
        guard let tokens = tokens(text) else { return nil }
        var variables: [(String, String)] = []
        var index = 0
        while index < tokens.count {
            guard index + 2 < tokens.count, tokens[index + 1] == "=" else { return nil }
            let value = tokens[index + 2].drop { $0 == "'" || $0 == "\"" }.reversed().drop { $0 == "'" || $0 == "\"" }
            variables.append((tokens[index], String(value.reversed())))
            index += 4
        }
        return variables
    }

    private static func tokens(_ text: String) -> [String]? {
        var tokens: [String] = []
        var rest = text[...]
        while let character = rest.first {
            if character.isWhitespace {
                rest.removeFirst()
            } else if character == "#" {
                rest = rest.drop { $0 != "\n" }
            } else if character == "\"" || character == "'" {
                guard let end = rest.dropFirst().firstIndex(of: character) else { return nil }
                tokens.append(String(rest[...end]))
                rest = rest[rest.index(after: end)...]
            } else if isWord(character) {
                // Within a word a quote is one of its characters.
                let word = String(rest.prefix { isWord($0) || $0 == "\"" || $0 == "'" })
                rest = rest.dropFirst(word.count)
                tokens.append(word)
            } else {
                tokens.append(String(character))
                rest.removeFirst()
            }
        }
        return tokens
    }

    private static func isWord(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first, character.unicodeScalars.count == 1 else { return false }
        // Marks of ours stand for text that Python would find there.
        if (0x10FFF0...0x10FFF5).contains(scalar.value) { return true }
        return character.isASCII ? character.isLetter || character.isNumber || "_/.+-():".contains(character) : false
    }
}
