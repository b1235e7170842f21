import CLinux
import Glibc
import Processes
import Reactor
import Testing

/// A program that runs on a terminal of its own, and what that terminal shows.
final class PseudoTerminal {
    private let master: Descriptor
    /// Held open, so that the terminal's mode can be asked for when the program is gone.
    private let terminal: Descriptor
    private let pidfd: Descriptor
    private let pid: Int32
    private var exit: ProcessExit?
    private(set) var screen: ScreenEmulator
    /// All that was written to it.
    private(set) var output = ""

    /// Starts a program as the leader of a session with this controlling terminal.
    init(_ arguments: [String], columns: Int, rows: Int, environment: [String: String] = [:]) throws {
        var (master, terminal): (Int32, Int32) = (-1, -1)
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        try systemCall("openpty") { openpty(&master, &terminal, nil, nil, &size) }
        self.master = Descriptor(owning: master)
        self.terminal = Descriptor(owning: terminal)
        for descriptor in [master, terminal] { _ = cadre_fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let path = try readLink("/proc/self/fd/\(terminal)")
        screen = ScreenEmulator(columns: columns, rows: rows)
        var variables = ["TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        variables.merge(environment) { $1 }
        variables.merge(Machine.sanitizerOptions) { $1 }
        let null = try Descriptor.open("/dev/null")
        // spawn makes a session, and the first terminal that its leader opens becomes the controlling one.
        let child = try spawn(
            SpawnRequest(
                arguments: ["/bin/sh", "-c", #"exec "$@" <"$0" >"$0" 2>&1"#, path] + arguments,
                environment: variables.map { "\($0.key)=\($0.value)" },
                descriptors: [null.rawValue, null.rawValue, null.rawValue]))
        pid = child.pid
        pidfd = child.takePidfd()
    }

    deinit {
        guard exit == nil else { return }
        try? Pidfd.signal(pidfd, SIGKILL)
        _ = try? Pidfd.reap(pidfd)
    }

    /// Types a text.
    func type(_ text: String) throws { try master.write(text) }

    func signal(_ signal: Int32) throws { try Pidfd.signal(pidfd, signal) }

    /// Changes the terminal's size; the kernel sends SIGWINCH.
    func resize(columns: Int, rows: Int) throws {
        screen = ScreenEmulator(columns: columns, rows: rows)
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        let descriptor = master.rawValue
        try systemCall("ioctl TIOCSWINSZ") { ioctl(descriptor, UInt(TIOCSWINSZ), &size) }
    }

    /// Takes no more output, as the terminal at the end of a dead line: who writes to it waits.
    func halt() throws {
        let descriptor = terminal.rawValue
        try systemCall("tcflow") { tcflow(descriptor, TCOOFF) }
    }

    /// The flags of the terminal's mode (termios(3)).
    func flags() throws -> [UInt32] {
        var attributes = termios()
        let descriptor = terminal.rawValue
        try systemCall("tcgetattr") { tcgetattr(descriptor, &attributes) }
        return [attributes.c_iflag, attributes.c_oflag, attributes.c_cflag, attributes.c_lflag]
    }

    /// Waits until the screen is as it should be.
    func expect(
        _ expectation: String, at location: SourceLocation = #_sourceLocation, _ isMet: (ScreenEmulator) -> Bool
    ) throws {
        let deadline = ContinuousClock.now + Machine.patience
        while !isMet(screen) {
            guard try readMore(until: deadline) else {
                let unmet = Unmet(expectation: expectation, lines: screen.lines)
                Issue.record(unmet, sourceLocation: location)
                throw unmet
            }
        }
    }

    /// Waits until a line has all these parts.
    func expect(_ parts: String..., at location: SourceLocation = #_sourceLocation) throws {
        try expect(parts.joined(separator: " … "), at: location) { screen in
            screen.lines.contains { line in parts.allSatisfy(line.contains) }
        }
    }

    /// Waits for the program's end and for all it wrote.
    func finish() throws -> ProcessExit {
        let deadline = ContinuousClock.now + Machine.patience
        while try !isReadable(pidfd.rawValue, until: .now) {
            // It may wait for us to read.
            guard try readMore(until: deadline, orReadable: pidfd.rawValue) else {
                throw Unmet(expectation: "the end of process \(pid)", lines: screen.lines)
            }
        }
        while try isReadable(master.rawValue, until: .now), try readMore(until: .now) {}
        let status = try Pidfd.reap(pidfd) ?? .unknown
        exit = status
        return status
    }

    private func readMore(until deadline: ContinuousClock.Instant, orReadable other: Int32 = -1) throws -> Bool {
        var polled = [
            pollfd(fd: master.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = max(0, Int32(clamping: Int64((deadline - .now) / .milliseconds(1)) + 1))
        guard try systemCall("poll", "", { poll(&polled, 2, milliseconds) }) > 0 else { return false }
        if polled[0].revents == 0 { return true }
        let bytes = try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
            Array(buffer[..<(try master.read(into: buffer))])
        }
        output += String(decoding: bytes, as: UTF8.self)
        screen.write(bytes)
        return true
    }
}
