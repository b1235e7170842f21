import Specification
import Testing

@Suite struct EnvironmentFileTests {
    @Test(
        "variables are read as systemd reads them",
        arguments: [
            ("A=1\nB=2", ["A=1", "B=2"]), ("# A=1\n; B=2\n\n  C = 3  \r\n", ["C=3"]),
            ("A=a b  c ", ["A=a b  c"]), ("A=", ["A="]), ("A=b#c", ["A=b#c"]), ("A=\"\"", ["A="]),
            ("A=\"a # b \" ", ["A=a # b "]), ("A='a\"\\n'", ["A=a\"\\n"]), ("A=\"a\\\"\\\\\\$\\n\"", ["A=a\"\\$\\n"]),
            ("A=a\\ \\\"b\\\nc", ["A=a \"bc"]), ("A=\"a\nb\\\nc\"\nD=1", ["A=a\nbc", "D=1"]),
            ("A='1'\"2\"", ["A=12"]), ("A=it's", ["A=it's"]), ("A=1\nA=2", ["A=1", "A=2"]), ("A==b=", ["A==b="]),
            ("", []),
        ] as [(String, [String])])
    func variables(text: String, expected: [String]) throws {
        #expect(try parseEnvironmentFile(text).map { "\($0.0)=\($0.1)" } == expected)
    }

    @Test("every line that can't be read is reported")
    func problems() {
        let text = "A\n1=2\nexport B=1\nC=\u{0}\nE=ok\nD=\"a\n\nb"
        do throws(EnvironmentFileError) {
            _ = try parseEnvironmentFile(text)
            Issue.record("nothing was reported")
        } catch {
            #expect(
                error.description == """
                    line 1: the line has no "="; write NAME=value
                    line 2: what is before "=" is not a variable's name; use letters, digits and "_", and no digit first
                    line 3: this file is read by no shell; leave out "export"
                    line 4: the value has a NUL character, which no environment variable can hold
                    line 6: the quote that begins here has no end
                    """)
        }
    }
}
