import Testing

@testable import CadreCommand

/// What is expected of supervisord's and Circus' files is what their parsers made of these texts (supervisor 4.3.0 and
/// Circus 0.19.0 with Python 3.11).
@Suite("INI files") struct INIDocumentTests {
    private func read(_ text: String, _ dialect: INIDocument.Dialect) throws -> [String: [String: String]] {
        var document = INIDocument(dialect)
        try document.read(text, file: "a.ini")
        return Dictionary(
            uniqueKeysWithValues: document.sections.map { section in
                (section.name, Dictionary(section.entries.map { ($0.key, $0.value) }) { $1 })
            })
    }

    @Test(
        "as supervisord reads them",
        arguments: [
            (
                "[p]\na=1 ; c\nb=2;no\nc=3 # d\nd=4#no\ne=x;y ;z\nf = a # b ; c\ng=\"a;b ; c\"\n",
                ["p": ["a": "1", "b": "2;no", "c": "3", "d": "4#no", "e": "x;y", "f": "a", "g": "\"a;b"]]
            ),
            ("[p]\na=x;y # z\nb=x#y ; z\nc=x;y ;z # w\n", ["p": ["a": "x;y", "b": "x#y", "c": "x;y ;z"]]),
            (
                "[p]\na=1\n  2\n\n  3\nb=4\n   ; comment\n   5\nc =\n  6\n",
                ["p": ["a": "1\n2\n\n3", "b": "4\n5", "c": "\n6"]]
            ),
            ("[p]\n  a=1\n  b=2\n    c=3\nd=4\n", ["p": ["a": "1", "b": "2\nc=3", "d": "4"]]),
            ("[p]\na: 1\nb = x:y\nc:d=e\n", ["p": ["a": "1", "b": "x:y", "c": "d=e"]]),
            ("[P]\nKEY=Value\nkey=2\n", ["P": ["key": "2"]]),
            ("[p]\na=1\n[q]\nb=2\n[p]\nc=3\na=4\n", ["p": ["a": "4", "c": "3"], "q": ["b": "2"]]),
            ("[program:x]y] ; z\na=1\n[ p ]\nb=2\n", ["program:x]y": ["a": "1"], " p ": ["b": "2"]]),
            ("[p]\na=\nb=1\n\n\n[q]\nc=2\n", ["p": ["a": "", "b": "1"], "q": ["c": "2"]]),
            ("[p]\na=1\n\t2\nb\t=\t3\t;c\n", ["p": ["a": "1\n2", "b": "3"]]),
            ("[p]\r\na=1\r\nb=2 ; x\r\n", ["p": ["a": "1", "b": "2"]]),
        ])
    func supervisord(text: String, expected: [String: [String: String]]) throws {
        #expect(try read(text, .supervisord) == expected)
    }

    @Test(
        "as Circus reads them",
        arguments: [
            (
                "[w]\na = 1 ; c\nb = 2;no\nc = 3 # kept\nd = x;y ;z\n",
                ["a": "1", "b": "2;no", "c": "3 # kept", "d": "x;y ;z"]
            ),
            ("[w]\na = 1\na = 2\n  3\nB = x\nb = y\n", ["a": "1\n3", "B": "x", "b": "y"]),
            ("[w]\na = 1\n 2\n\n 3\n# c\n 4\n", ["a": "1\n2\n3\n4"]),
            ("[w]\na =\nb = \"\"\n", ["a": "", "b": ""]),
            ("[w]\nREM this\nrem that\na = 1\n", ["a": "1"]),
            ("[w]\na: b = c\n", ["a": "b = c"]), ("[w]\n: b\n", ["": "b"]),
        ])
    func circus(text: String, expected: [String: String]) throws {
        #expect(try read(text, .circus) == ["w": expected])
    }

    @Test("as systemd reads them: lines are joined, comments in between left out, and all keys are kept")
    func systemd() throws {
        var document = INIDocument(.systemd)
        try document.read(
            "# c\n[Service]\nExecStart=a \\\n# in between\n; as well\n  b ; no comment\nA=1\nA=2\n\n[Service]\nB = x = y\n",
            file: "a.service")
        let section = try #require(document["Service"])
        #expect(section.entries.map(\.key) == ["ExecStart", "A", "A", "B"])
        #expect(section.entries.map(\.value) == ["a    b ; no comment", "1", "2", "x = y"])
        #expect(section.entries.map(\.place.line) == [3, 7, 8, 11])
    }

    @Test("what is neither a section nor a key is named by its line")
    func problems() throws {
        #expect(
            try Imported.problems("[program:a]\ncommand=x\nwhat\n", name: "s.conf") == [
                "s.conf:3: this is neither a section such as [name] nor a line such as key = value"
            ])
        #expect(
            try Imported.problems("command=x\n[program:a]\n", name: "s.conf") == [
                "s.conf:1: the line is in no section; the file begins with one"
            ])
    }

    @Test(
        "words are Python's",
        arguments: [
            ("a 'b c' d", ["a", "b c", "d"]), (#"a "b\"c" 'd\e'"#, ["a", "b\"c", #"d\e"#]), (#"a\ b c"#, ["a b", "c"]),
            (#"a b'c'd"e""#, ["a", "bcde"]), ("''", [""]), ("a #b", ["a", "#b"]), (#"x="y z""#, ["x=y z"]),
            (#""a\nb""#, [#"a\nb"#]), ("a 'b", nil), (#"a\"#, nil),
        ])
    func words(line: String, expected: [String]?) {
        #expect(ShellWords.split(line) == expected)
    }

    @Test(
        "supervisord's environment is Python's shlex of old",
        arguments: [
            (#"A="1",B=2"#, ["A": "1", "B": "2"]), (#"A='x y',B="a,b""#, ["A": "x y", "B": "a,b"]),
            ("A=1 , B=2", ["A": "1", "B": "2"]), (#"A=x"y z"w,B=1"#, nil), ("A=http://h:80/p", ["A": "http://h:80/p"]),
            ("A=http://h/p?x=1", ["A": "http://h/p", "x": "1"]), (#"A="",B=1"#, ["A": "", "B": "1"]),
            ("A=ab,", ["A": "ab"]),
            ("A=\"1\",\n  B=\"2\"", ["A": "1", "B": "2"]), ("A=it's,B=1", ["A": "it's", "B": "1"]), ("A=\"1", nil),
        ])
    func environment(text: String, expected: [String: String]?) {
        let variables = SupervisordEnvironment.parse(text)
        #expect(variables.map { Dictionary($0.map { ($0.name, $0.value) }) { $1 } } == expected)
    }
}
