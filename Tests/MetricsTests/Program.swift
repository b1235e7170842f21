import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

/// A program that a test runs; what it prints is read line by line. It does not outlive the test.
final class Program {
    private let pid: Int32
    private let pidfd: Descriptor
    private let reading: Descriptor
    private var partial: [UInt8] = []
    private var unclaimed: [String] = []
    private var hasEnded = false
    /// All that it printed so far, on standard output and standard error.
    private(set) var output = ""

    /// Starts it; `input` is what it finds on its standard input.
    init(_ arguments: [String], input: String = "") throws {
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        let scratch = input.isEmpty ? nil : try Scratch()
        let standardInput = try Descriptor.open(try scratch?.write("input", input) ?? "/dev/null")
        let child = try spawn(
            SpawnRequest(
                arguments: arguments, environment: ["PATH=/usr/bin:/bin", "HOME=/nonexistent"],
                descriptors: [standardInput.rawValue, writing.rawValue, writing.rawValue]))
        pid = child.pid
        pidfd = child.takePidfd()
    }

    deinit {
        guard !hasEnded else { return }
        try? Pidfd.signal(pidfd, SIGKILL)
        _ = try? finish()
    }

    /// Waits for a line that contains `part`, and returns it; each line meets one expectation only.
    @discardableResult
    func expect(_ part: String, at location: SourceLocation = #_sourceLocation) throws -> String {
        while true {
            if let index = unclaimed.firstIndex(where: { $0.contains(part) }) { return unclaimed.remove(at: index) }
            try #require(try read(), "it ended without \"\(part)\": \(output)", sourceLocation: location)
        }
    }

    /// Waits for its end, and returns its exit code; a signal's number counts as negative.
    @discardableResult
    func finish() throws -> Int32 {
        while try read() {}
        try wait(for: pidfd.rawValue)
        hasEnded = true
        switch try Pidfd.reap(pidfd) {
        case .exited(let code): return code
        case .signaled(let signal, _): return -signal
        case .unknown, nil: throw SystemCallError(call: "waitid", object: "\(pid)", errno: .noChildProcess)
        }
    }

    func terminate() throws { try Pidfd.signal(pidfd, SIGTERM) }

    /// Reads more; false at the end.
    private func read() throws -> Bool {
        try wait(for: reading.rawValue)
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = try chunk.withUnsafeMutableBytes { try reading.read(into: $0) }
        partial += chunk[..<count]
        while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
            unclaimed.append(String(decoding: partial[..<end], as: UTF8.self))
            partial.removeSubrange(...end)
        }
        output += String(decoding: chunk[..<count], as: UTF8.self)
        return count > 0
    }

    private func wait(for descriptor: Int32) throws {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        try #require(try systemCall("poll") { poll(&polled, 1, 60_000) } > 0, "nothing for 60 s after: \(output)")
    }
}

/// Runs a program to its end.
func run(_ arguments: [String], input: String = "") throws -> (code: Int32, output: String) {
    let program = try Program(arguments, input: input)
    let code = try program.finish()
    return (code, program.output)
}

/// A directory that is removed in the end.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/cadre-metrics-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = try? run(["rm", "-r", path])
    }

    /// Writes a file in it, and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        let file = try Descriptor.open("\(path)/\(name)", flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        if !text.isEmpty { try file.write(text) }
        return "\(path)/\(name)"
    }
}
