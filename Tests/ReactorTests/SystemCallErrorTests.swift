import CLinux
import Reactor
import SystemPackage
import Testing

@Suite("A failed system call") struct SystemCallErrorTests {
    @Test("it is a sentence that names the call, its object and the reason") func description() {
        let error = SystemCallError(call: "open", object: "/srv/app", errno: .noSuchFileOrDirectory)
        #expect(error.description == "open /srv/app: No such file or directory (ENOENT)")
        #expect(SystemCallError(call: "epoll_wait", errno: .badFileDescriptor).description.hasPrefix("epoll_wait: "))
    }

    @Test("a result other than -1 is handed on") func success() throws {
        #expect(try systemCall("read") { 7 } == 7)
        #expect(try systemCall("read") { -2 } == -2)
    }

    @Test("-1 is thrown with errno and the object") func failure() {
        #expect(throws: SystemCallError(call: "close", object: "it", errno: .badFileDescriptor)) {
            try systemCall("close", "it") { close(-1) }
        }
    }

    @Test("an interrupted call is made again") func interrupted() throws {
        var calls = 0
        let result = try systemCall("read") {
            calls += 1
            guard calls < 3 else { return Int32(5) }
            setInterrupted()
            return -1
        }
        #expect(result == 5)
        #expect(calls == 3)
    }

    @Test("only what is the system's fault counts as exhaustion") func exhaustion() {
        for errno in [Errno.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .resourceTemporarilyUnavailable] {
            #expect(errno.isExhaustion)
        }
        for errno in [Errno.noSuchFileOrDirectory, .permissionDenied, .badFileDescriptor, .invalidArgument] {
            #expect(!errno.isExhaustion)
        }
    }
}

/// Sets errno to EINTR by the C library's own lvalue.
private func setInterrupted() { __errno_location().pointee = EINTR }
