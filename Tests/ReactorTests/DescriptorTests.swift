import CLinux
import Reactor
import SystemPackage
import Testing

@Suite("A descriptor")
struct DescriptorTests {
    /// Whether `descriptor` is open, and nothing else.
    private func isOpen(_ descriptor: Int32) -> Bool {
        cadre_fcntl(descriptor, F_GETFD, 0) != -1
    }

    @Test("is close-on-exec when it is opened and when it is duplicated")
    func closeOnExec() throws {
        let opened = try Descriptor.open("/dev/null", flags: O_RDWR)
        let duplicate = try opened.duplicate()
        #expect(cadre_fcntl(opened.rawValue, F_GETFD, 0) & FD_CLOEXEC != 0)
        #expect(cadre_fcntl(duplicate.rawValue, F_GETFD, 0) & FD_CLOEXEC != 0)
        #expect(opened.rawValue != duplicate.rawValue)
    }

    @Test("is closed at the end of its scope, on its own and not with its duplicate")
    func closedAtEndOfScope() throws {
        // The number could be taken at once by a test that runs beside this one, so tell the file instead: a pipe's
        // reader sees the end of it when, and only when, the last writer is closed.
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        _ = cadre_fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let reader = Descriptor(owning: ends[0])
        let kept: Descriptor
        do {
            let writer = Descriptor(owning: ends[1])
            kept = try writer.duplicate()
        }
        #expect(throws: SystemCallError(call: "read", object: "pipe", errno: .resourceTemporarilyUnavailable)) {
            try reader.readText("pipe")
        }
        _ = consume kept
        #expect(try reader.readText("pipe") == "")
    }

    @Test("is left open when it is released")
    func released() throws {
        let number = try Descriptor.open("/dev/null").release()
        #expect(isOpen(number))
        _ = Descriptor(owning: number)
    }

    @Test("reads a whole file of /proc that is longer than one read")
    func readsWholeFile() throws {
        let text = try Descriptor.open("/proc/kallsyms").readText()
        #expect(text.utf8.count > 100_000)
        #expect(text.utf8.last == UInt8(ascii: "\n"))
    }

    @Test("a file that isn't there is an error that names the call, the path and the reason")
    func missingFile() {
        #expect(throws: SystemCallError(call: "open", object: "/nowhere/file", errno: .noSuchFileOrDirectory)) {
            _ = try Descriptor.open("/nowhere/file")
        }
        #expect(
            SystemCallError(call: "open", object: "/nowhere/file", errno: .noSuchFileOrDirectory).description
                == "open /nowhere/file: No such file or directory (ENOENT)")
    }
}
