import Testing

@testable import Specification

/// Where the values of a document are.
@Suite struct DocumentNodeTests {
    /// The lines of all values of a document, by the descriptions of their paths.
    private func lines(_ text: String) throws -> [String: Int] {
        let document = try DocumentNode(file: "test.toml", text: text)
        var lines: [String: Int] = [:]
        func visit(_ node: DocumentNode) {
            lines[node.path.description] = node.line
            switch node.value {
            case .table(let members): members.values.forEach(visit)
            case .array(let elements): elements.forEach(visit)
            case .string, .integer, .float, .boolean, .date: break
            }
        }
        visit(document)
        lines[""] = nil
        return lines
    }

    @Test("headers and keys, bare, dotted and quoted")
    func keys() throws {
        let text = """
            a = 1
            b.c = 2
            b . "d.e" = 3

            [t . 'x y'] # [no.table]
              k = 4
            "\\u0041\\t" = 5
            "" = 6
            """
        #expect(
            try lines(text) == [
                "a": 1, "b": 2, "b.c": 2, "b.\"d.e\"": 3, "t": 5, "t.\"x y\"": 5, "t.\"x y\".k": 6,
                "t.\"x y\".\"A\\t\"": 7, "t.\"x y\".\"\"": 8,
            ])
    }

    @Test("a table's own header counts for more than a mention on the way")
    func headersAfterMentions() throws {
        #expect(try lines("[a.b]\n[a]\n[a.c]") == ["a": 2, "a.b": 1, "a.c": 3])
    }

    @Test("arrays of tables, and tables in their last element")
    func arraysOfTables() throws {
        let text = """
            [[s]]
            n = 1
            [[s.t]]
            [[s.t]]
            k = 1
            [[s]]
            [s.u]
            k = 1
            [[s.t]]
            """
        #expect(
            try lines(text) == [
                "s": 1, "s[0]": 1, "s[0].n": 2, "s[0].t": 3, "s[0].t[0]": 3, "s[0].t[1]": 4, "s[0].t[1].k": 5,
                "s[1]": 6, "s[1].u": 7, "s[1].u.k": 8, "s[1].t": 9, "s[1].t[0]": 9,
            ])
    }

    @Test("arrays and inline tables over several lines, with comments between")
    func nesting() throws {
        let text = """
            a = [ # ] "
              1, 'x]', # , 2
              [ 2,
                3 ],
              { k = "}", l.m = [4] },
            ]
            b = { c = { d = 1 }, e = [] }
            f = 1
            """
        #expect(
            try lines(text) == [
                "a": 1, "a[0]": 2, "a[1]": 2, "a[2]": 3, "a[2][0]": 3, "a[2][1]": 4, "a[3]": 5, "a[3].k": 5,
                "a[3].l": 5, "a[3].l.m": 5, "a[3].l.m[0]": 5, "b": 7, "b.c": 7, "b.c.d": 7, "b.e": 7, "f": 8,
            ])
    }

    @Test("strings that look like something else")
    func strings() throws {
        let text = #"""
            a = "\"]\\" # "
            b = '\'
            c = """
            [x]
            d = 1 \" ""
            \
               """
            e = '''
            # " ''
            [y]''''
            f = """"a"""""
            g = ''''''
            h = 1979-05-27 07:32:00
            i = [""", " """, ''']''']
            j = "é€𝄞"
            k = 0
            """#
        #expect(
            try lines(text)
                == [
                    "a": 1, "b": 2, "c": 3, "e": 8, "f": 11, "g": 12, "h": 13, "i": 14, "i[0]": 14, "j": 15, "k": 16,
                ].merging(["i[1]": 14]) { first, _ in first })
    }

    @Test("carriage returns and a byte order mark change nothing")
    func lineEndings() throws {
        #expect(
            try lines("\u{FEFF}a = 1\r\n[b]\r\nc = [\r\n1,\r\n]\r\nd = \"\"\"\r\nx\\\r\n\"\"\"\r\ne = 2\r\n")
                == ["a": 1, "b": 2, "b.c": 3, "b.c[0]": 4, "b.d": 6, "b.e": 9])
    }

    @Test("reading ends whatever the text is, and says on which line it isn't TOML")
    func garbage() {
        let pieces = [
            "[", "]", "{", "}", "\"", "'", "\"\"\"", "\\", "\\u", "=", ".", ",", "#", "\n", "a", " ", "\r", "é",
        ]
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let text = first + second + third
                    do throws(SpecificationError) {
                        _ = try DocumentNode(file: "test.toml", text: text)
                    } catch {
                        let lines = 1...(text.utf8.count { $0 == UInt8(ascii: "\n") } + 1)
                        #expect(error.problems.allSatisfy { lines.contains($0.line ?? 0) }, "\(text): \(error)")
                    }
                }
            }
        }
    }
}
