import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

/// The fixture program, which the build puts beside the tests.
let testWorker: String = {
    let path = (try? linkTarget("/proc/self/exe")) ?? ""
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        + "/TestWorker"
}()

let isRoot = geteuid() == 0

/// An account that every Debian system has, and one that isn't in any group but its own.
let nobody = Credentials(user: 65534, group: 65534, groups: [65534])

func linkTarget(_ path: String) throws(SystemCallError) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = try systemCall("readlink", path) {
        buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    }
    return String(decoding: buffer[..<count], as: UTF8.self)
}

func makePipe() throws(SystemCallError) -> Pipe {
    var ends: [Int32] = [-1, -1]
    try systemCall("pipe2") { cadre_pipe(&ends) }
    return Pipe(reading: Descriptor(owning: ends[0]), writing: Descriptor(owning: ends[1]))
}

struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor

    consuming func closeWriting() -> Descriptor {
        reading
    }
}

/// Waits until the pidfd says that the process ended, and reaps it.
func waitForExit(_ pidfd: borrowing Descriptor) throws -> ProcessExit {
    var polled = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
    try systemCall("poll") { poll(&polled, 1, 30_000) }
    return try #require(try Pidfd.reap(pidfd), "the process didn't end within 30 seconds")
}

/// Runs a process to its end and returns what it wrote to standard output.
func output(of request: SpawnRequest, expecting expected: ProcessExit = .exited(code: 0)) throws -> String {
    let pipe = try makePipe()
    let null = try Descriptor.open("/dev/null")
    var request = request
    request.descriptors = [null.rawValue, pipe.writing.rawValue, 2] + request.descriptors.dropFirst(3)
    let child = try spawn(request)
    let text = try pipe.closeWriting().readText()
    #expect(try waitForExit(child.pidfd) == expected)
    return text
}

/// What `SpawnError` a request fails with.
func spawnError(_ request: SpawnRequest) -> SpawnError? {
    do throws(SpawnError) {
        let child = try spawn(request)
        _ = try? waitForExit(child.pidfd)
        return nil
    } catch {
        return error
    }
}

/// The descriptors of this process that are pidfds.
func openPidfds() -> [Int32] {
    (0..<1024).filter { (try? linkTarget("/proc/self/fd/\($0)"))?.contains("pidfd") == true }
}

/// A directory of its own, removed with all that is in it.
func withTemporaryDirectory(in parent: String = "/tmp", _ body: (String) throws -> Void) throws {
    var template = Array("\(parent)/cadre-test-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { _ = try? output(of: SpawnRequest(arguments: ["/bin/rm", "-rf", path])) }
    try body(path)
}

/// Writes a file from another process: a child that a test on another thread starts at this moment would hold a
/// descriptor of this process that is open for writing, and executing the file would fail with `ETXTBSY`.
func writeFile(_ path: String, _ text: String, mode: String) throws {
    let script = #"printf %s "$1" > "$2" && chmod "$3" "$2""#
    _ = try output(of: SpawnRequest(arguments: ["/bin/sh", "-c", script, "sh", text, path, mode]))
}
