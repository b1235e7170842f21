import Testing

@testable import Systemd

/// What a terminal is shown of what others wrote.
@Suite struct SafeTextTests {
    @Test(
        "nothing steers a terminal, whoever wrote it",
        arguments: [
            ("plain", "plain"), ("ünïcode ✓ 漢", "ünïcode ✓ 漢"), ("\u{1B}[2J\u{1B}]0;title\u{07}", "?[2J?]0;title?"),
            ("\u{9B}2J", "?2J"), ("\u{202E}gpj.exe", "?gpj.exe"), ("zero\u{200B}width", "zero?width"),
            ("a\nb\tc\rd", "a b c d"), ("\u{0}\u{7F}", "??"), ("line\u{2028}separator", "line?separator"),
        ])
    func clean(text: String, expected: String) {
        #expect(SafeText.clean(text) == expected)
    }

    @Test("the breaks of several lines stay")
    func lines() {
        #expect(SafeText.cleanLines("a\u{1B}\nb\n") == "a?\nb\n")
    }

    @Test(
        "of a line that a program printed colours stay, and end with it",
        arguments: [
            ("plain\ttext", "plain\ttext"), ("\u{1B}[1;31mred", "\u{1B}[1;31mred\u{1B}[0m"),
            ("\u{1B}[38:2::1:2:3mx\u{1B}[m", "\u{1B}[38:2::1:2:3mx\u{1B}[m\u{1B}[0m"), ("50%\r", "50%"),
            ("\u{1B}[2J\u{1B}[Hgone", "?[2J?[Hgone"), ("\u{1B}[31", "?[31"), ("\u{1B}", "?"), ("a\rb", "a?b"),
            ("\u{1B}]8;;http://a\u{07}", "?]8;;http://a?"),
        ])
    func line(text: String, expected: String) {
        #expect(String(decoding: SafeText.cleanLine(text.utf8), as: UTF8.self) == expected)
    }

    @Test("bytes that are no text become what stands for that")
    func bytes() {
        #expect(SafeText.cleanLine([0x61, 0xFF, 0x62]) == Array("a\u{FFFD}b".utf8))
    }
}
