import Reactor
import Specification
import Testing

@testable import CadreCommand

/// Where the source tree is.
let sourceDirectory = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

@Suite("the configuration's reference") struct ReferenceTests {
    @Test("the files are what the decoder's keys say", arguments: ManualCommand.references.map(\.name))
    func files(name: String) throws {
        let path = "\(sourceDirectory)/\(name)"
        let written = try Descriptor.open(path).readText(path)
        let text = try #require(ManualCommand.references.first { $0.name == name }).text
        if written == text { return }
        let lines = zip(written.split(separator: "\n"), text.split(separator: "\n"))
        let first = lines.first { $0 != $1 }
        Issue.record(
            """
            \(name) is not what the keys in Sources/Specification/Reference say; run `make reference`. The first line that \
            differs: \(first.map { "\"\($0)\" instead of \"\($1)\"" } ?? "at the end")
            """)
    }

    @Test("each key that is a table leads to its own reference, and each table is led to")
    func tables() {
        var reached: Set<String> = []
        for table in ConfigurationReference.tables {
            for key in table.keys where key.reference.absence == .table {
                let target = ReferenceText.table(of: key, in: table)
                #expect(target != nil, "\(table.header ?? "") \(key.name)")
                if let header = target?.header { reached.insert(header) }
            }
        }
        #expect(reached == Set(ConfigurationReference.tables.compactMap(\.header)))
    }

    @Test("each text is a sentence, and no line of the example is too long")
    func texts() {
        for table in ConfigurationReference.tables {
            for (name, text) in [(table.header ?? "", table.text)] + table.keys.map({ ($0.name, $0.reference.text) }) {
                #expect(text.count > 3 && (text.hasSuffix(".") || text.hasSuffix(".)")), "\(name): \(text)")
                #expect(!text.contains("\n"), "\(name): \(text)")
                #expect(text.count(where: { $0 == "`" }).isMultiple(of: 2), "\(name): \(text)")
                #expect(text.count(where: { $0 == "\"" }).isMultiple(of: 2), "\(name): \(text)")
            }
        }
        #expect(ReferenceFile.text.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }

    @Test("what means something to Markdown is escaped")
    func markdown() {
        #expect(ReferenceDocument.markdown("a \"~x*\" `b_c` <d>_") == "a `\"~x*\"` `b_c` \\<d>`_`")
        #expect(ReferenceDocument.markdown("sd_notify(3) a(b)") == "`sd_notify(3)` a(b)")
        #expect(ReferenceDocument.markdown("max_age. {port} {{") == "`max_age`. `{port}` {{")
        #expect(ReferenceDocument.markdown("a \" b|") == "a \" b\\|")
    }
}
