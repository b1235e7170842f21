/// A page of the manual, in the macros of man(7).
struct ManualPage {
    private var lines: [String] = []

    /// The page of a command, which ends with a section for each of `more`: title and lines of text.
    init(of command: CommandInfo, version: String, more: [(title: String, body: [Block])] = []) {
        begin(command.pageName, section: 1, of: "User Commands", abstract: command.abstract ?? "", version: version)
        section("SYNOPSIS")
        synopsis(of: command)
        if let discussion = command.discussion, !discussion.isEmpty {
            section("DESCRIPTION")
            add(Self.paragraphs(of: discussion).map(Block.paragraph))
        }
        arguments(of: command)
        add(more)
    }

    /// A page of another section of the manual, whose title is `part`.
    init(
        _ name: String, section: Int, of part: String, abstract: String, version: String,
        sections: [(title: String, body: [Block])]
    ) {
        begin(name, section: section, of: part, abstract: abstract, version: version)
        add(sections)
    }

    /// A piece of text.
    enum Block {
        case paragraph(String)
        /// A term and what is to be said of it.
        case item(String, String)
    }

    /// The page.
    var text: String { lines.joined(separator: "\n") + "\n" }

    // MARK: Parts

    private mutating func begin(
        _ name: String, section number: Int, of part: String, abstract: String, version: String
    ) {
        lines.append(
            ".TH \(Self.quoted(name.uppercased())) \(number) \"\" \(Self.quoted("cadre \(version)")) \(Self.quoted(part))"
        )
        lines.append(".nh")
        section("NAME")
        lines.append("\(Self.escaped(name)) \\- \(Self.escaped(Self.withoutStop(abstract)))")
    }

    private mutating func add(_ sections: [(title: String, body: [Block])]) {
        for (title, body) in sections {
            section(title)
            add(body)
        }
    }

    private mutating func section(_ title: String) {
        lines.append(".SH \(Self.quoted(title))")
    }

    private mutating func add(_ blocks: [Block]) {
        for block in blocks {
            switch block {
            case .paragraph(let text): lines += [".PP", Self.escaped(text)]
            case .item(let term, let text): lines += [".TP", ".B \(Self.quoted(term))", Self.escaped(text)]
            }
        }
    }

    private mutating func synopsis(of command: CommandInfo) {
        lines.append(".B \(Self.quoted(command.fullName))")
        if !command.documented.isEmpty {
            lines += ["<subcommand>", "[<option>...]"]
            return
        }
        lines.append("[<option>...]")
        for argument in Self.shown(of: command) where argument.kind == .positional {
            let value = "<\(argument.valueName ?? "value")>\(argument.isRepeating ? "..." : "")"
            lines.append(Self.escaped(argument.isOptional ? "[\(value)]" : value))
        }
    }

    private static func shown(of command: CommandInfo) -> [CommandInfo.Argument] {
        (command.arguments ?? []).filter(\.shouldDisplay)
    }

    private mutating func arguments(of command: CommandInfo) {
        let shown = Self.shown(of: command)
        let (positional, options) = (shown.filter { $0.kind == .positional }, shown.filter { $0.kind != .positional })
        if !positional.isEmpty {
            section("ARGUMENTS")
            add(positional.map { .item("<\($0.valueName ?? "value")>", Self.text(of: $0)) })
        }
        if !options.isEmpty {
            section("OPTIONS")
            add(options.map { .item(Self.term(of: $0), Self.text(of: $0)) })
        }
    }

    private static func term(of argument: CommandInfo.Argument) -> String {
        let names = (argument.names ?? []).map(\.text).joined(separator: ", ")
        return argument.kind == .option ? "\(names) <\(argument.valueName ?? "value")>" : names
    }

    private static func text(of argument: CommandInfo.Argument) -> String {
        var parts = [argument.abstract, argument.discussion].compactMap(\.self).filter { !$0.isEmpty }
        if let values = argument.allValues, !values.isEmpty {
            parts.append("One of: \(values.joined(separator: ", ")).")
        }
        if let value = argument.defaultValue { parts.append("Without it: \(value).") }
        return parts.joined(separator: " ")
    }

    // MARK: Text

    private static func paragraphs(of text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }

    private static func withoutStop(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// A text in which no character means anything to roff(7), on a line of its own.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            // As it is typed, which copies into a shell.
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "\"": result += "\\(dq"
            case "…": result += "..."
            default: result.append(character)
            }
        }
        // A dot at the beginning would make it a request.
        return result.hasPrefix(".") ? "\\&" + result : result
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }
}
