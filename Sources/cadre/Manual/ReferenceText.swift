import Specification

/// The words that the forms of the configuration's reference have in common.
enum ReferenceText {
    /// Where a table's own reference is, of a key whose value is that table.
    static func table(of key: KeyTable.Key, in table: KeyTable) -> KeyTable? {
        let path = [table.header.map(plain), key.name].compactMap(\.self).joined(separator: ".")
        return ConfigurationReference.tables.first { candidate in
            guard let header = candidate.header.map(plain) else { return false }
            return header == path || header == "\(path).NAME"
        }
    }

    /// A table's name without brackets.
    static func plain(_ header: String) -> String {
        String(header.drop { $0 == "[" }.prefix { $0 != "]" })
    }

    /// What is in force without a key, in a word; nil if there is nothing to say.
    static func absence(_ reference: KeyReference) -> String? {
        switch reference.absence {
        case .value(let value): value
        case .required: "required"
        case .unset, .table: nil
        }
    }

    /// Lines of at most `width` characters.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
