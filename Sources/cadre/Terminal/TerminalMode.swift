import Glibc
import Reactor
import SystemPackage

/// A terminal's mode (termios(3)): how it was, and how a program of the whole screen wants it.
struct TerminalMode {
    private let descriptor: Int32
    private let original: termios

    /// Remembers how the terminal is.
    init(of descriptor: Int32) throws(SystemCallError) {
        var attributes = termios()
        try systemCall("tcgetattr", "the terminal") { tcgetattr(descriptor, &attributes) }
        self.descriptor = descriptor
        original = attributes
    }

    /// Each key comes at once and as it is, and isn't shown.
    ///
    /// In the background this stops the process with SIGTTOU until it is in the foreground, as it should.
    func setRaw() throws(SystemCallError) {
        var raw = original
        cfmakeraw(&raw)
        try systemCall("tcsetattr", "the terminal") { tcsetattr(descriptor, TCSADRAIN, &raw) }
    }

    /// As it was. It waits for nothing that is still being written: the terminal may be stuck.
    func restore() {
        var attributes = original
        tcsetattr(descriptor, TCSANOW, &attributes)
    }

    /// Switches to a screen of its own without a cursor, on which nothing is broken into lines; what was there before
    /// comes back with ``leaving``.
    static let entering = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
    /// The reverse of ``entering``.
    static let leaving = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
}

/// Writes to a terminal on a thread of its own: the terminal may be at the end of a slow line or stand still, and keys
/// and signals must be heard all the same.
actor TerminalWriter {
    private let reactor: Reactor
    private let descriptor: Int32

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(to descriptor: Int32) throws(SystemCallError) {
        self.descriptor = descriptor
        reactor = try Reactor(name: "cadre-terminal")
    }

    /// Writes it all, and returns when the terminal has taken it.
    func write(_ text: String) throws(SystemCallError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let bytes = rest
            do {
                let count = try systemCall("write", "the terminal") {
                    bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                }
                rest = rest.dropFirst(count)
            } catch  where error.errno == .resourceTemporarilyUnavailable {
                // Another program has made the terminal non-blocking for all who use it.
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&polled, 1, -1)
            }
        }
    }
}
