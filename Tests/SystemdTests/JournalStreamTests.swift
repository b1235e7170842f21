import CLinux
import Reactor
import SystemPackage
import Testing

@testable import Systemd

@Suite("A journal stream") struct JournalStreamTests {
    private let path = temporaryPath("stream")

    @Test("says whose lines will come, and then carries them as they are") func header() throws {
        let listener = try listen(backlog: 8)
        defer { unlink(path) }
        let stream = try JournalStream.open(identifier: "web/0", priority: .warning, path: path)
        // What a program expects of its standard output: it blocks.
        #expect(cadre_fcntl(stream.rawValue, F_GETFL, 0) & O_NONBLOCK == 0)
        try stream.write("<3>it failed\n")
        _ = consume stream
        let accepted = Descriptor(owning: try systemCall("accept") { cadre_accept(listener.rawValue, 0) })
        #expect(try accepted.readText() == "web/0\n\n4\n1\n0\n0\n0\n<3>it failed\n")
    }

    @Test("doesn't wait for a journald that has stopped to accept") func hanging() throws {
        let listener = try listen(backlog: 0)
        defer { unlink(path) }
        var streams: [Int32] = []
        defer { for stream in streams { close(stream) } }
        var refusal: SystemCallError?
        // A queue of no length takes one or two.
        for _ in 0..<16 where refusal == nil {
            do throws(SystemCallError) {
                streams.append(try JournalStream.open(identifier: "web/0", priority: .info, path: path).release())
            } catch {
                refusal = error
            }
        }
        #expect(refusal == SystemCallError(call: "connect", object: path, errno: .resourceTemporarilyUnavailable))
        _ = consume listener
    }

    @Test("isn't to be had where there is no journald") func absent() {
        #expect(throws: SystemCallError(call: "connect", object: path, errno: .noSuchFileOrDirectory)) {
            _ = try JournalStream.open(identifier: "web/0", priority: .info, path: path)
        }
    }

    private func listen(backlog: Int32) throws -> Descriptor {
        let listener = Descriptor(
            owning: try systemCall("socket") { CLinux.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) })
        var address = try #require(UnixAddress(path: path))
        try systemCall("bind", path) { address.bind(listener) }
        try systemCall("listen", path) { CLinux.listen(listener.rawValue, backlog) }
        return listener
    }
}

/// A path that nothing else uses.
func temporaryPath(_ name: String) -> String {
    "/tmp/cadre-test-\(getpid())-\(name)-\(UInt64.random(in: 0 ... .max))"
}
