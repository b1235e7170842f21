import Testing

@testable import Specification

/// What the reference says of keys is what the decoder does.
@Suite struct KeyReferenceTests {
    /// A key of one table, with what a table needs beside it.
    struct Subject: CustomTestStringConvertible {
        let table: KeyTable
        let key: KeyTable.Key

        var testDescription: String { "\(table.header ?? "top") \(key.name)" }

        /// What is wrong with a value, beside that it has no effect.
        func complaints(about value: String) -> [String] {
            let header = (table.header ?? "").replacing("NAME", with: "web")
            // What this key is of use with.
            let line = "\(key.name) = \(value)"
            let text = table.header == nil ? line : "\(header)\n\(line)"
            let path = ReferencePath.plain(header)
            do {
                _ = try Specification.parse([("a", text)])
                return []
            } catch {
                return error.problems.filter { $0.path.hasPrefix(path) && $0.path.hasSuffix(key.name) }.map(\.message)
            }
        }
    }

    private static let subjects = ConfigurationReference.tables.flatMap { table in
        table.keys.map { Subject(table: table, key: $0) }
    }

    @Test("each value is refused or taken as its kind says", arguments: subjects)
    func kinds(subject: Subject) {
        func refusal(_ value: String) -> String { subject.complaints(about: value).joined(separator: " ") }
        switch subject.key.reference.kind {
        case .boolean: #expect(refusal("\"x\"").contains("not a boolean"))
        case .integer(let range), .integerOrInfinity(let range):
            let bounds = "write \(range.lowerBound) to \(range.upperBound)"
            #expect(refusal("\(range.upperBound + 1)").contains(bounds))
            #expect(refusal("\(range.lowerBound - 1)").contains(bounds))
            #expect(!refusal("\(range.lowerBound)").contains("out of range"))
            #expect(!refusal("\(range.upperBound)").contains("out of range"))
            if case .integerOrInfinity = subject.key.reference.kind {
                #expect(refusal("\"infinity\"").isEmpty)
            } else {
                #expect(refusal("\"infinity\"").contains("not an integer"))
            }
        case .number(let range):
            #expect(
                refusal("\(range.upperBound + 1)").contains(
                    "write \(Int(range.lowerBound)) to \(Int(range.upperBound))"))
            #expect(!refusal("\(range.lowerBound)").contains("out of range"))
        case .string: #expect(refusal("1").contains("not a string"))
        case .strings: #expect(refusal("\"x\"").contains("an array"))
        case .choice(let names):
            #expect(refusal("\"x\"").contains("write \(names.dropLast().map(\.quoted).joined(separator: ", "))"))
            for name in names { #expect(!refusal("\"\(name)\"").contains("is unknown")) }
        case .duration:
            #expect(refusal("\"x\"").contains("duration"))
            #expect(refusal("\"infinity\"").contains("infinity"))
        case .durationOrInfinity:
            #expect(refusal("\"x\"").contains("duration"))
            #expect(!refusal("\"infinity\"").contains("infinity"))
        case .size:
            #expect(refusal("\"x\"").contains("size"))
            #expect(!refusal("\"infinity\"").contains("infinity"))
        case .path: #expect(refusal("\"x\"").contains("not an absolute path"))
        case .account:
            #expect(refusal("\"a b\"").contains("neither a name nor a number"))
            #expect(refusal("1").contains("not a string"))
        case .table: #expect(refusal("1").contains("not a table") || refusal("1").contains("not an array"))
        // Words, which only a reader can compare.
        case .other: break
        }
    }

    @Test("a key that is left out is told of as its default has it")
    func absence() throws {
        for subject in Self.subjects {
            let reference = subject.key.reference
            #expect((reference.kind == .table) == (reference.absence == .table), "\(subject.testDescription)")
            guard case .value(let value) = reference.absence else { continue }
            #expect(subject.complaints(about: value).isEmpty, "\(subject.testDescription)")
        }
    }

    @Test("no table has a key twice, and sockets have all of theirs")
    func once() {
        for table in ConfigurationReference.tables {
            let names = table.keys.map(\.name)
            #expect(Set(names).count == names.count, "\(table.header ?? "")")
        }
        let sockets = ConfigurationReference.tables.first { $0.header == "[[service.NAME.socket]]" }
        #expect(Set(sockets?.keys.map(\.name) ?? []) == Set(SocketKey.allCases.map(\.rawValue)))
    }
}

enum ReferencePath {
    /// A table's name without brackets.
    static func plain(_ header: String) -> String { String(header.drop { $0 == "[" }.prefix { $0 != "]" }) }
}
