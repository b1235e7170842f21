import Testing

/// What is no TOML, or would be none of ours.
@Suite struct SyntaxTests {
    @Test("what is not TOML is reported with line and column")
    func syntax() {
        let problems = complaints("[service.web]\ncommand = [\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("cadre.toml:2: this is not TOML: ") == true)
        #expect(problems.first?.hasSuffix("(column 13)") == true)
        #expect(complaints("a = 1\na = 2\n").first?.hasPrefix("cadre.toml:2: this is not TOML: ") == true)
    }

    @Test(
        "what would have the parser end the process is reported with its line, however many there are",
        arguments: [
            "[!]", "[é]", "[[é]]", "[ \n]", "[#]", "a = [}]", "a = [ \u{85} ]", "a = [\u{2028}]", "a = [1, {b = [}]}]",
        ])
    func hazards(line: String) {
        let problems = complaints("x = 1\n\(line)\n")
        #expect(
            problems.count == 1 && problems.first?.hasPrefix("cadre.toml:2: this is not TOML: ") == true, "\(problems)")
        let long = complaints(String(repeating: "[[service]]\nname = \"é\"\n", count: 100) + line + "\n")
        #expect(long.count == 1 && long.first?.hasPrefix("cadre.toml:201: this is not TOML: ") == true, "\(long)")
    }

    @Test(
        "what is nested beyond all sense is reported, and doesn't overflow the stack",
        arguments: [
            "a" + String(repeating: ".a", count: 200_000) + " = 1",
            "[a" + String(repeating: " . a", count: 200_000) + "]",
            "a = " + String(repeating: "[", count: 200_000),
            "a = " + String(repeating: "{ b.c.d = ", count: 35) + "1" + String(repeating: " }", count: 35),
        ])
    func depth(line: String) {
        let problems = complaints("x = 1\n\(line)\n")
        #expect(
            problems.count == 1 && problems.first?.hasPrefix("cadre.toml:2: this is not TOML: ") == true, "\(problems)")
    }

    @Test("what looks like that in strings and comments is neither")
    func harmless() {
        #expect(
            complaints(
                """
                # [!] a = [}]
                [service."é"]
                [service.web]
                # \(String(repeating: ". ", count: 200))
                text = "\(String(repeating: ".", count: 200))"
                command = ["}", '''[é]
                [!]''', "a", # }
                ]
                """
            ).allSatisfy { !$0.contains("not TOML") })
    }

    @Test("characters that no argument can hold are reported")
    func nul() {
        #expect(
            complaints("a = 1\nb = \"\0\"") == ["cadre.toml:2: the line has a NUL character; this is not a text file"])
        for escape in ["\\u0000", "\\U00000000"] {
            #expect(
                complaints("\n[service.web]\ncommand = [\"a\(escape)b\"]")
                    == ["cadre.toml:3: the text has an escaped NUL character, which no argument or name can hold"])
            #expect(complaints("\"a\(escape)b\" = 1").count == 1)
        }
        #expect(complaints("[service.web] # \\u0000\ncommand = ['\\u0000']") == [])
    }

    @Test("keys that are equal to Swift but not to TOML are reported, too")
    func equivalentKeys() {
        #expect(complaints("\"e\u{301}\" = 1\n\"\u{E9}\" = 2\n").count == 1)
    }
}
