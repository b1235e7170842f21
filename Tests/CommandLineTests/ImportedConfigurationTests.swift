import Specification
import Testing

@testable import CadreCommand

@Suite("Imported configurations") struct ImportedConfigurationTests {
    @Test(
        "the format is known by the file's name, or by a section",
        arguments: [
            ("Procfile", "", ImportFormat.procfile), ("a/Procfile.dev", "", .procfile), ("app@.service", "", .systemd),
            ("ecosystem.config.json", "", .pm2), ("ecosystem.config.js", "", .pm2),
            ("a.conf", "\n[supervisord]", .supervisord),
            ("a.ini", "; x\n [program:a]", .supervisord), ("a.ini", "[env]\n[watcher:a]", .circus),
            ("a", "[Service]\n", .systemd),
            ("a.ini", "[a]\n", nil), ("a", "web: x", nil),
        ] as [(String, String, ImportFormat?)])
    func format(name: String, text: String, expected: ImportFormat?) {
        #expect(ImportFormat(of: Imported.source(text, name: name)) == expected)
    }

    @Test(
        "values are written so that they are read as the same",
        arguments: [
            "", "a", "a \"b\"", "it's \"b\"", #"C:\x"#, "a\nb\tc\u{1}\u{7F}", "é😀", "'", "{worker}", "a\\'", "\u{0}x",
        ])
    func values(text: String) throws {
        var toml = TOMLText()
        toml.header(["service", "web"])
        toml.assignment("command", .strings(["x", text]))
        toml.assignment("environment", .table([.init(key: "A", value: .string(text))]))
        if text.contains("\0") {
            #expect(throws: SpecificationError.self) { try Specification.parse([("a", toml.text)]) }
            return
        }
        let expected = try? Specification.parse([("a", toml.text)]).services.first
        #expect(expected?.command == ["x", text] && expected?.environment == ["A": text], "\(toml.text)")
    }

    @Test("long commands and comments have several lines, and no comment ends early") func layout() throws {
        var toml = TOMLText()
        toml.comment(String(repeating: "word ", count: 60) + "\nnext\u{7F}\u{1}", indentation: 2)
        toml.header(["service", "web"])
        toml.assignment("command", .strings(Array(repeating: "argument", count: 20)))
        let lines = toml.text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= TOMLText.width })
        #expect(lines.prefix { $0.hasPrefix("#") }.last == "# next??")
        #expect(try Specification.parse([("a", toml.text)]).services[0].command.count == 20)
    }

    /// Files as they may be, with what could be anywhere in them.
    private static let seeds: [(name: String, text: String)] = [
        (
            "s.conf",
            "[supervisord]\numask=022\n[program:a]\ncommand=a \"b\" %(process_num)02d %(ENV_X)s\nnumprocs=3\nenvironment=A=\"1\"\n"
                + "stdout_logfile=/x\n[fcgi-program:b]\ncommand=b\nsocket=tcp://:90\n"
        ),
        (
            "c.ini",
            "[env]\nA=$(circus.env.B)\n[socket:s]\nport=80\n[watcher:w]\ncmd=w $(circus.sockets.s) ((circus.wid))\nuse_sockets=1\n"
                + "max_age=3\nstdout_stream.filename=/x\n"
        ),
        ("Procfile", "web: a $PORT 'b'\nrelease: c && d\n"),
        ("p.json", "{apps: [{\"script\": \"a.js\", 'env': {A: 1}, instances: -1, log_file: \"x\"}]}"),
        (
            "a@.service",
            "[Service]\nExecStart=-/a \"%i\" ${X} \\\n b\nEnvironment=\"A=b c\"\nRestartSec=5\nCPUAffinity=0-1\nLimitCPU=1min\n"
        ),
    ]

    @Test("whatever a file says, the result is valid, or an error", arguments: seeds.indices) func mutations(seed: Int)
        throws
    {
        let (name, text) = Self.seeds[seed]
        let format = ImportFormat(of: Imported.source(text, name: name))
        var random = SeededGenerator(seed: UInt64(seed) + 1)
        let pieces = [
            "%", "%(", ")", "[", "]", "=", "\"", "'", "\\", "\n", "{", "}", "$(circus.", "0", "-1", "\u{10FFF0}", "é",
            ";", ":",
        ]
        for _ in 0..<60 {
            var characters = Array(text)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: 0..<characters.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: characters.remove(at: position)
                case 1: characters.insert(contentsOf: pieces.randomElement(using: &random) ?? "", at: position)
                default: characters.removeSubrange(position..<min(characters.count, position + 8))
                }
                if characters.isEmpty { characters = ["x"] }
            }
            let mutated = String(characters)
            do {
                _ = try Imported(mutated, name: name, format: format)
            } catch let error as SpecificationError {
                // What was made of it passes; this is the file's own fault.
                #expect(error.problems.allSatisfy { $0.file == name }, "\(mutated)\n\(error)")
            }
        }
    }
}

/// Numbers that are the same each time (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
