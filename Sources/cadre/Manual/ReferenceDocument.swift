import Specification

/// `docs/configuration.md`: every key of the configuration, in tables of Markdown.
enum ReferenceDocument {
    /// The file.
    static var text: String {
        var lines = [
            "<!-- `make reference` writes this from Sources/Specification/Reference: change it there. -->", "",
            "# The configuration", "",
        ]
        lines += [
            """
            What Cadre runs is written in TOML: `/etc/cadre/cadre.toml` for the system's unit, `~/.config/cadre/cadre.toml` \
            for a user's own, or the file that `cadre supervise --config` names. `cadre check FILE` tells all that is wrong \
            with a file at once, `cadre plan` what it would change, and `cadre apply` changes it. \
            [examples/reference.toml](../examples/reference.toml) has the same as here in the form of a file.
            """, "",
        ]
        for paragraph in ConfigurationReference.introduction { lines += [markdown(paragraph), ""] }
        lines += [
            """
            An unknown key is an error, and so is one that would have no effect beside the others. In the tables below, "like" \
            names what does the same in a unit of systemd's or in a cgroup.
            """, "",
        ]
        for table in ConfigurationReference.tables { lines.append("- [\(title(of: table))](#\(anchor(of: table)))") }
        for table in ConfigurationReference.tables { lines += [""] + section(table) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ table: KeyTable) -> [String] {
        var lines = ["## \(title(of: table))", "", markdown(table.text)]
        for part in table.parts {
            if !part.text.isEmpty { lines += ["", markdown(part.text)] }
            if part.keys.isEmpty {
                lines += ["", "```toml", table.header ?? ""] + part.lines + ["```"]
            } else {
                lines += ["", "| key | value | default | |", "|---|---|---|---|"]
                lines += part.keys.map { row($0, in: table) }
            }
        }
        return lines
    }

    private static func row(_ key: KeyTable.Key, in table: KeyTable) -> String {
        let reference = key.reference
        var name = "`\(key.name)`"
        var value = markdown(reference.kind.description)
        if let target = ReferenceText.table(of: key, in: table) {
            name = "[\(name)](#\(anchor(of: target)))"
            if reference.kind == .table, target.header?.hasPrefix("[[") == true { value = "array of tables" }
        }
        switch reference.absence {
        case .required(let example), .unset(let example): value += ", as `\(example)`"
        case .value, .table: break
        }
        let absence =
            switch reference.absence {
            case .value(let value): "`\(value)`"
            case .required: "required"
            case .unset, .table: ""
            }
        let like = reference.like.map { " Like \(markdownNames($0))." } ?? ""
        return "| \(name) | \(value) | \(absence) | \(markdown(reference.text))\(like) |"
    }

    private static func title(of table: KeyTable) -> String { table.header.map { "`\($0)`" } ?? "The top of the file" }

    /// As GitHub makes it of a title.
    private static func anchor(of table: KeyTable) -> String {
        table.header.map { ReferenceText.plain($0).lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" } }
            ?? "the-top-of-the-file"
    }

    /// `MemoryMax=, memory.max` with each name as code.
    private static func markdownNames(_ text: String) -> String {
        text.split(separator: " ").map { word in
            let name = word.hasSuffix(",") ? word.dropLast() : word
            guard name.hasSuffix("=") || name.contains(".") || name.contains("=") else { return String(word) }
            return "`\(name)`" + (word.hasSuffix(",") ? "," : "")
        }.joined(separator: " ")
    }

    /// A text in which quoted values are code, and nothing else means anything to Markdown.
    static func markdown(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.first {
            if character == "`" || character == "\"", let end = rest.dropFirst().firstIndex(of: character) {
                let span = rest[...end]
                result += character == "`" ? String(span) : "`\(span)`"
                rest = rest[rest.index(after: end)...]
                continue
            }
            // Names of keys and the like, and placeholders.
            let word = rest.prefix { $0.isLetter || $0.isNumber || "_.=$".contains($0) }
            let name = word.hasSuffix(".") ? word.dropLast() : word
            if name.contains("_") {
                // With the section of a page of the manual.
                let section = rest[name.endIndex...].prefixMatch(of: /\([0-9]\)/)?.output ?? ""
                result += "`\(name)\(section)`"
                rest = rest[(section.isEmpty ? name : section).endIndex...]
                continue
            }
            if character == "{", let end = rest.firstIndex(of: "}"), rest[..<end].dropFirst().allSatisfy(\.isLetter) {
                result += "`\(rest[...end])`"
                rest = rest[rest.index(after: end)...]
                continue
            }
            if !word.isEmpty {
                result += word
                rest = rest[word.endIndex...]
                continue
            }
            result += "*_<|~[]".contains(character) ? "\\\(character)" : "\(character)"
            rest = rest.dropFirst()
        }
        return result
    }
}
