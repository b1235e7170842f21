import ArgumentParser
import Systemd
import Testing

@testable import CadreCommand

@Suite("Keys") struct KeyDecoderTests {
    private func decode(_ text: String) -> [Key] {
        var decoder = KeyDecoder()
        return decoder.decode(text.utf8) + decoder.finish()
    }

    @Test(
        "are known by what terminals send for them",
        arguments: [
            ("q", [Key.character("q")]), ("\u{3}", [.control("c")]), ("\r", [.enter]), ("\u{7F}", [.backspace]),
            ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
            ("\u{1B}OA\u{1B}OB\u{1B}OC\u{1B}OD", [.up, .down, .right, .left]),
            ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]),
            (
                "\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~\u{1B}OH\u{1B}OF",
                [.home, .end, .home, .end, .home, .end, .home, .end]
            ),
            ("\u{1B}[1;5A", [.up]), ("\u{1B}[15~x", [.character("x")]), ("\u{1B}[<0;3;4Mx", [.enter, .character("x")]),
            ("\u{1B}", [.escape]), ("\u{1B}\u{1B}[A", [.escape, .up]), ("\u{1B}q", [.escape, .character("q")]),
            ("ü世", [.character("ü"), .character("世")]), ("a\u{0}b", [.character("a"), .character("b")]),
        ])
    func known(text: String, expected: [Key]) {
        #expect(decode(text) == expected)
    }

    @Test("come together from pieces of any size") func pieces() {
        let text = "a\u{1B}[A\u{1B}[1;5B\u{1B}OCü世\u{1B}[6~z"
        let expected = decode(text)
        #expect(expected.count == 8)
        let bytes = Array(text.utf8)
        for size in 1..<bytes.count {
            var decoder = KeyDecoder()
            var keys: [Key] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                keys += decoder.decode(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            #expect(keys == expected && !decoder.isWaiting)
        }
    }

    @Test("that are not complete are waited for, and given up") func incomplete() {
        for start in ["\u{1B}[", "\u{1B}[1;", "\u{1B}O"] {
            var decoder = KeyDecoder()
            #expect(decoder.decode(start.utf8) == [] && decoder.isWaiting)
            #expect(decoder.finish() == [] && !decoder.isWaiting)
        }
    }

    @Test("of no terminal are dropped and hold up nothing") func nonsense() {
        var decoder = KeyDecoder()
        #expect(decoder.decode([0xFF, 0x80, 0xC3, 0x28, 0x1C]) == [.character("(")])
        _ = decoder.decode([0x1B, 0x5B] + [UInt8](repeating: 0x31, count: 100))
        #expect(!decoder.isWaiting)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            _ = decoder.decode((0..<Int.random(in: 1...9, using: &random)).map { _ in UInt8.random(in: 0...255) })
            _ = decoder.finish()
            #expect(decoder.decode("k".utf8) == [.character("k")])
        }
    }
}

@Suite("Text for a terminal") struct TerminalTextTests {
    @Test("is as wide as a terminal shows it", arguments: [("abc", 3), ("ü", 1), ("u\u{308}", 1), ("世界", 4), ("🚀", 2)])
    func width(text: String, columns: Int) {
        #expect(SafeText.columns(of: text) == columns)
        #expect(SafeText.ascii(text).utf8.count == columns)
    }

    @Test("is cut off before what doesn't fit") func cut() {
        #expect(SafeText.prefix(of: "a世界", columns: 4) == "a世")
        var line = StyledLine("a世", .bold)
        line.append("界b")
        line.truncate(to: 4)
        #expect(line.text == "a世" && line.columns == 3)
        line = StyledLine()
        line.append(cell: "世界世界", columns: 6, symbols: .unicode)
        #expect(line.text == "世界… " && line.columns == 6)
        line.append(cell: "7", columns: 3, isRight: true, symbols: .unicode)
        #expect(line.text == "世界…   7")
    }

    @Test("is drawn as the locale allows") func locale() {
        func symbols(_ variables: [String: String]) -> Symbols { .of { variables[$0] } }
        #expect(symbols(["LANG": "de_DE.UTF-8"]) == .unicode)
        #expect(symbols(["LANG": "C.utf8"]) == .unicode)
        #expect(symbols(["LANG": "C"]) == .ascii)
        #expect(symbols([:]) == .ascii)
        #expect(symbols(["LANG": "en_GB.UTF-8", "LC_ALL": "C"]) == .ascii)
        #expect(symbols(["LANG": "C", "LC_ALL": "", "LC_CTYPE": "en_GB.UTF-8"]) == .unicode)
    }
}

@Suite("The screen") struct ScreenUpdateTests {
    private let size = TerminalSize(columns: 5, rows: 3)

    @Test("is written whole at first, then only what differs") func difference() {
        var screen = ScreenUpdate(isColoured: false, isASCII: false)
        let first = screen.sequence(to: [StyledLine("a"), StyledLine("b")], size: size)
        #expect(first == "\u{1B}[0m\u{1B}[2J\u{1B}[1;1Ha\u{1B}[K\u{1B}[2;1Hb\u{1B}[K")
        #expect(screen.sequence(to: [StyledLine("a"), StyledLine("b")], size: size) == "")
        #expect(screen.sequence(to: [StyledLine("a"), StyledLine("c")], size: size) == "\u{1B}[2;1Hc\u{1B}[K")
        #expect(screen.sequence(to: [StyledLine("a")], size: size) == "\u{1B}[2;1H\u{1B}[K")
        // What is in the last column isn't erased.
        #expect(screen.sequence(to: [StyledLine("12345")], size: size) == "\u{1B}[1;1H12345")
        screen.forget()
        #expect(screen.sequence(to: [StyledLine("12345")], size: size).hasPrefix("\u{1B}[0m\u{1B}[2J"))
        let small = screen.sequence(to: [StyledLine("1")], size: TerminalSize(columns: 5, rows: 2))
        #expect(small == "\u{1B}[0m\u{1B}[2J\u{1B}[1;1H1\u{1B}[K")
    }

    @Test("a table is written in its own place again, as far as there is room") func inPlace() {
        var table = TableInPlace()
        func sequence(_ lines: [String], columns: Int = 9, rows: Int = 4) -> String {
            table.sequence(
                to: lines.map { StyledLine($0) }, size: TerminalSize(columns: columns, rows: rows),
                isColoured: false, symbols: .unicode)
        }
        #expect(sequence(["a", "b"]) == "a\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
        #expect(sequence(["c"]) == "\r\u{1B}[2Ac\u{1B}[K\n\u{1B}[J")
        #expect(sequence(["1", "2", "3"]) == "\r\u{1B}[1A1\u{1B}[K\n2\u{1B}[K\n3\u{1B}[K\n\u{1B}[J")
        #expect(sequence(["1", "2", "3", "4"]).contains("2\u{1B}[K\n… 2 more\u{1B}[K\n\u{1B}[J"))
        #expect(sequence(["0123456789"], rows: 5) == "\u{1B}[H\u{1B}[2J01234567\u{1B}[K\n\u{1B}[J")
    }
}

@Suite("--interval and --sort") struct IntervalTests {
    @Test("take what makes sense") func values() throws {
        let command = try TopCommand.parse(["--interval", "500ms", "--sort", "memory"])
        #expect(command.interval.duration == .milliseconds(500) && command.sort == .memory)
        #expect(try TopCommand.parse([]).interval.duration == .seconds(2))
    }

    @Test(
        "and nothing else",
        arguments: [
            ["--interval", "0s"], ["--interval", "infinity"], ["--interval", "soon"], ["--interval", "2h"],
            ["--sort", "cpu-history"], ["--sort", "beauty"],
        ])
    func wrong(arguments: [String]) {
        #expect(throws: (any Error).self) { try TopCommand.parse(arguments) }
    }

    @Test("--interval without --watch is refused") func watchOnly() {
        #expect(throws: (any Error).self) { try StatusCommand.parse(["--interval", "2s"]) }
    }
}
