import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

/// A command of the machine's that runs while a test goes on; it is killed at the end, unless it ended.
final class Command {
    /// The process.
    let pid: Int32
    private let pidfd: Descriptor
    private let pipe: Descriptor
    private var exit: ProcessExit?
    /// What it printed so far, errors included.
    private(set) var output = ""

    /// Starts a command that is looked for in PATH.
    init(_ arguments: [String]) throws {
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe") { cadre_pipe(&ends) }
        pipe = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        let null = try Descriptor.open("/dev/null")
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let child = try spawn(
            SpawnRequest(
                arguments: arguments, environment: [path, "LANG=C.UTF-8", "NO_COLOR=1", "SYSTEMD_PAGER=cat"],
                descriptors: [null.rawValue, writing.rawValue, writing.rawValue]))
        pid = child.pid
        pidfd = child.takePidfd()
    }

    deinit {
        if exit == nil {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }

    /// Waits until it has printed a line that contains `text`.
    func waitForLine(_ text: String, within limit: Duration = patience) throws {
        let deadline = ContinuousClock.now + limit
        while !output.split(separator: "\n").contains(where: { $0.contains(text) }) {
            guard try read(until: deadline) else {
                throw Trouble("no line with \"\(text)\" came from the command, only: \(output)")
            }
        }
    }

    /// Waits until it has ended, and closed its output.
    func wait(within limit: Duration = patience) throws -> ProcessExit {
        if let exit { return exit }
        let deadline = ContinuousClock.now + limit
        while try read(until: deadline) {}
        try waitUntilReadable(pidfd, until: deadline)
        let exit = try #require(try Pidfd.reap(pidfd))
        self.exit = exit
        return exit
    }

    /// Reads more of the output; false at its end.
    private func read(until deadline: ContinuousClock.Instant) throws -> Bool {
        try waitUntilReadable(pipe, until: deadline)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = try buffer.withUnsafeMutableBytes { try pipe.read(into: $0) }
        output += String(decoding: buffer[..<count], as: UTF8.self)
        return count > 0
    }

    private func waitUntilReadable(_ descriptor: borrowing Descriptor, until deadline: ContinuousClock.Instant) throws {
        var polled = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: Int((deadline - .now) / .milliseconds(1)))
        try systemCall("poll") { poll(&polled, 1, max(0, milliseconds)) }
        if polled.revents == 0 { throw Trouble("the command doesn't end; it printed: \(output)") }
    }
}

/// How long anything may take; what is emulated is slow.
let patience = Duration.seconds(60)

/// Runs a command to its end.
func run(_ arguments: String...) throws -> (exit: ProcessExit, output: String) {
    let command = try Command(arguments)
    let exit = try command.wait()
    return (exit, command.output)
}

/// Runs a command that has to succeed, and returns what it printed without the last line's end.
@discardableResult
func succeed(_ arguments: String..., within limit: Duration = patience) throws -> String {
    let command = try Command(arguments)
    let exit = try command.wait(within: limit)
    guard exit == .exited(code: 0) else {
        throw Trouble("\(arguments.joined(separator: " ")) \(exit): \(command.output)")
    }
    return command.output.hasSuffix("\n") ? String(command.output.dropLast()) : command.output
}

/// What stands in the way of a test.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The text of a file.
func contents(_ path: String) throws -> String {
    try Descriptor.open(path).readText(path)
}

/// Makes a file with this text, or replaces it, and the directories above it.
func write(_ text: String, to path: String) throws {
    if let slash = path.lastIndex(of: "/") { try succeed("mkdir", "-p", String(path[..<slash])) }
    let file = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    try file.write(text, path)
}

/// Whether there is such a file, directory or the like.
func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The names in a directory; none if it isn't there.
func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
