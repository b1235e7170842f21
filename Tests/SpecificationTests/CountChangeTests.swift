import Specification
import Testing

@Suite struct CountChangeTests {
    @Test(
        "a number is one to have, or one more or less",
        arguments: [
            ("8", .to(.count(8)), 8), ("0", .to(.count(0)), 0), ("10000", .to(.count(10_000)), 10_000),
            ("cpus", .to(.cpus), 4), ("+2", .by(2), 5), ("-1", .by(-1), 2), ("-3", .by(-3), 0), ("+0", .by(0), 3),
        ] as [(String, CountChange, Int)])
    func changes(text: String, change: CountChange, count: Int) throws {
        #expect(try CountChange.parse(text) == change)
        #expect(change.description == text)
        #expect(try change.applied(to: 3, cpus: 4) == count)
    }

    @Test("what is no number of workers is reported", arguments: ["", "+", "-", "x", "1.5", "--1", " 1", "١", "CPUS"])
    func badNumbers(text: String) {
        let message =
            "\"\(text)\" is not a number of workers; write 0 to 10000, one more or less such as \"+2\" or \"-1\", or \"cpus\""
        #expect(throws: FormatError(message)) { try CountChange.parse(text) }
    }

    @Test("a number that no service can have is reported", arguments: ["10001", "-10001", "+99999999999999999999"])
    func outOfRange(text: String) {
        let message = "\"\(text)\" is out of range; a service has 0 to 10000 workers"
        #expect(throws: FormatError(message)) { try CountChange.parse(text) }
    }

    @Test("so is one that a change would lead to")
    func outOfRangeInTheEnd() {
        #expect(throws: FormatError("-2 would make -1 of 1 worker; a service has 0 to 10000")) {
            try CountChange.by(-2).applied(to: 1, cpus: 1)
        }
        #expect(throws: FormatError("+1 would make 10001 of 10000 workers; a service has 0 to 10000")) {
            try CountChange.by(1).applied(to: 10_000, cpus: 1)
        }
    }
}
