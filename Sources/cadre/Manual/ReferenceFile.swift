import Specification

/// `examples/reference.toml`: a file with every key, its default or an example, and what it means.
enum ReferenceFile {
    /// The file.
    static var text: String {
        var lines = comment(
            """
            Every key that Cadre knows, with its default. `make reference` writes this from Sources/Specification/Reference; \
            docs/configuration.md has the same as tables.
            """)
        lines.append("#")
        lines += comment(
            """
            A line that begins with "#" and no space after it is a setting without a default, or a table that is not there by \
            default; what it shows is an example. `cadre check FILE` reports all that is wrong with a file at once.
            """)
        for paragraph in ConfigurationReference.introduction { lines += ["#"] + comment(paragraph) }
        for table in ConfigurationReference.tables { lines += section(table) }
        lines += ["", "# Two more services, which the examples above name."]
        lines += [
            "#[service.cache]", "#command = [\"redis-server\"]", "#[service.migrate]",
            "#command = [\"python3\", \"migrate.py\"]", "#type = \"oneshot\"",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ table: KeyTable) -> [String] {
        var lines = [""]
        if table.header != nil { lines += comment(table.text) }
        let mark = table.isOptional ? "#" : ""
        for (index, part) in table.parts.enumerated() {
            if index > 0 { lines.append("") }
            if !part.text.isEmpty { lines += comment(part.text) }
            if let header = table.header { lines.append(mark + header.replacing("NAME", with: "web")) }
            lines += part.lines.map { "#\($0)" }
            for key in part.keys {
                switch key.reference.absence {
                case .table: break
                case .value(let value): lines += comment(key.reference.text) + ["\(mark)\(key.name) = \(value)"]
                case .required(let value): lines += comment(key.reference.text) + ["\(mark)\(key.name) = \(value)"]
                case .unset(let example): lines += comment(key.reference.text) + ["#\(key.name) = \(example)"]
                }
            }
        }
        return lines
    }

    private static func comment(_ text: String) -> [String] {
        ReferenceText.wrapped(text, width: 118).map { "# \($0)" }
    }
}
