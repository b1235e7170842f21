/// A page of Markdown, and what in it can be executed or compared.
public struct Page: Sendable {
    /// A block of code.
    public struct Block: Sendable {
        /// What stands behind the three backticks.
        public let language: String
        /// What stands behind that: the name of a file, if it is one.
        public let file: String?
        /// Its lines.
        public var lines: [String] = []

        /// All of it.
        public var text: String { lines.map { "\($0)\n" }.joined() }
    }

    /// A command as it is typed.
    public struct Command: Hashable, Sendable {
        /// The line.
        public let text: String
        /// What it is said to end with: `# ends with 2`.
        public let exitCode: Int
    }

    /// Its blocks of code, in order.
    public var blocks: [Block] = []
    /// What is code within lines.
    public var spans: [String] = []
    /// Where links lead to, as they are written.
    public var links: [String] = []
    /// The names of its headings in links, as GitHub makes them.
    public var anchors: Set<String> = []

    /// What is in a text.
    public init(_ text: String) {
        var isInside = false
        var prose = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside.toggle()
                guard isInside else { continue }
                let words = line.dropFirst(3).split(separator: " ").map(String.init)
                blocks.append(Block(language: words.first ?? "", file: words.dropFirst().first))
            } else if isInside {
                blocks[blocks.count - 1].lines.append(String(line))
            } else {
                if line.hasPrefix("#") { anchors.insert(Self.anchor(of: line.drop { $0 == "#" || $0 == " " })) }
                prose += "\(line)\n"
            }
        }
        spans = prose.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element).replacing("\n", with: " ") }
        links = prose.split(separator: "](").dropFirst().map { String($0.prefix { $0 != ")" }) }
    }

    /// The commands of a page, in order.
    public var commands: [Command] { blocks.flatMap(\.commands) }

    private static func anchor(of title: some StringProtocol) -> String {
        String(
            title.lowercased().compactMap { character -> Character? in
                if character == " " { return "-" }
                return character.isLetter || character.isNumber || character == "-" || character == "_"
                    ? character : nil
            })
    }
}

extension Page.Block {
    /// The commands behind the prompts of a console, without their comments.
    public var commands: [Page.Command] {
        guard language == "console" else { return [] }
        return lines.filter { $0.hasPrefix("$ ") }.map { line in
            let parts = line.dropFirst(2).split(separator: " #", maxSplits: 1)
            let text = String(parts[0].reversed().drop { $0 == " " }.reversed())
            let words = parts.dropFirst().first?.split(separator: " ").map(String.init) ?? []
            let code = words.starts(with: ["ends", "with"]) ? Int(words[2]) : nil
            return Page.Command(text: text, exitCode: code ?? 0)
        }
    }
}
