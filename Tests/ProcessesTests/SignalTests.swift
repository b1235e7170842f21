import CLinux
import Processes
import Testing

@Suite struct SignalTests {
    @Test(
        "a signal is known by its name, with and without SIG, and by its number",
        arguments: [
            ("TERM", SIGTERM), ("SIGTERM", SIGTERM), ("15", SIGTERM), ("KILL", SIGKILL), ("SYS", SIGSYS),
            ("CLD", SIGCHLD), ("SIGPOLL", SIGIO), ("RTMIN", 34), ("RTMIN+3", 37), ("SIGRTMAX-1", 63), ("64", 64),
        ])
    func names(name: String, number: Int32) {
        #expect(Signal(name: name)?.rawValue == number)
    }

    @Test(
        "what names no signal is none",
        arguments: [
            "", "SIG", "term", "0", "65", "-1", "+15", "SIG15", "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN3",
            "SIGSIGTERM", "TERM ", "1.0", "RTMIN+-1",
        ])
    func noNames(name: String) {
        #expect(Signal(name: name) == nil)
    }

    @Test("every name leads back to its signal", arguments: Array(1...31) + Array(34...64))
    func roundTrip(number: Int32) {
        let signal = Signal(rawValue: number)
        #expect(signal.description.hasPrefix("SIG"))
        #expect(Signal(name: signal.description) == signal)
        #expect(Signal(name: String(signal.description.dropFirst(3))) == signal)
    }

    @Test("numbers of no signal have no name that means one", arguments: [0, 32, 33, 65, -1] as [Int32])
    func nameless(number: Int32) {
        #expect(Signal(rawValue: number).description == "\(number)")
    }
}
