import CLinux
import Glibc
import Reactor
import SystemPackage
import Testing

@testable import Processes

@Suite struct PidfdTests {
    @Test("a pidfd is quiet while the process runs and readable once it ended")
    func readable() throws {
        let child = try spawn(SpawnRequest(arguments: [testWorker, "sleep"]))
        var polled = pollfd(fd: child.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        #expect(try Pidfd.reap(child.pidfd) == nil)
        #expect(poll(&polled, 1, 0) == 0)
        #expect(cadre_fcntl(child.pidfd.rawValue, F_GETFD, 0) == FD_CLOEXEC)
        try Pidfd.signal(child.pidfd, SIGKILL)
        #expect(try waitForExit(child.pidfd) == .signaled(signal: SIGKILL, coreDumped: false))
        #expect(throws: SystemCallError.self) { try Pidfd.signal(child.pidfd, SIGKILL) }
    }

    @Test("exit codes and signals are told apart", arguments: [0, 1, 70, 255] as [Int32])
    func exitCodes(code: Int32) throws {
        let child = try spawn(SpawnRequest(arguments: [testWorker, "exit", "\(code)"]))
        #expect(try waitForExit(child.pidfd) == .exited(code: code))
        let aborting = try spawn(SpawnRequest(arguments: [testWorker, "abort"]))
        guard case .signaled(SIGABRT, _) = try waitForExit(aborting.pidfd) else {
            Issue.record("abort isn't a death by SIGABRT")
            return
        }
    }

    @Test("a child that was reaped is gone for good")
    func reapedTwice() throws {
        let child = try spawn(SpawnRequest(arguments: ["/bin/true"]))
        #expect(try waitForExit(child.pidfd) == .exited(code: 0))
        // The kernel may still know; in no case does it seem to run.
        #expect(try [.exited(code: 0), .unknown].contains(Pidfd.reap(child.pidfd)))
    }

    @Test("how somebody else's child ended is known once its parent reaped it")
    func foreignChild() throws {
        // A shell that starts a child, tells its ID, waits until it is told to, and reaps it then.
        let pipe = try makePipe()
        let control = try makePipe()
        let shell = try spawn(
            SpawnRequest(
                arguments: ["/bin/sh", "-c", "(read go; exit 7) <&3 & echo $!; wait"],
                descriptors: [0, pipe.writing.rawValue, 2, control.reading.rawValue]))
        let pid = try #require(Int32(try readLine(pipe.reading)))
        let foreign = try Pidfd.open(pid)
        #expect(try Pidfd.reap(foreign) == nil)
        try control.writing.write("go\n")
        #expect(try waitForExit(shell.pidfd) == .exited(code: 0))
        // The shell is gone, and so it has reaped its child.
        let known = try release() >= (6, 15)
        #expect(try Pidfd.reap(foreign) == (known ? .exited(code: 7) : .unknown))
    }

    @Test("a zombie that its parent hasn't reaped yet counts as not ended yet")
    func unreapedForeignChild() throws {
        // The shell becomes a program that never reaps, and says when it has become it.
        let pipe = try makePipe()
        let control = try makePipe()
        let shell = try spawn(
            SpawnRequest(
                arguments: ["/bin/sh", "-c", "(read go) <&3 & echo $!; exec '\(testWorker)' ignore-term"],
                descriptors: [0, pipe.writing.rawValue, 2, control.reading.rawValue]))
        let foreign = try Pidfd.open(try #require(Int32(try readLine(pipe.reading))))
        #expect(try readLine(pipe.reading) == "ignoring")
        try Pidfd.signal(foreign, SIGKILL)
        var polled = pollfd(fd: foreign.rawValue, events: Int16(POLLIN), revents: 0)
        #expect(poll(&polled, 1, 30_000) == 1)
        if try release() >= (6, 15) {
            #expect(try Pidfd.reap(foreign) == nil)
        }
        try Pidfd.signal(shell.pidfd, SIGKILL)
        #expect(try waitForExit(shell.pidfd) == .signaled(signal: SIGKILL, coreDumped: false))
    }

    @Test("wait statuses are read as wait(2) says")
    func waitStatuses() {
        #expect(ProcessExit(waitStatus: 0) == .exited(code: 0))
        #expect(ProcessExit(waitStatus: 0x0300) == .exited(code: 3))
        #expect(ProcessExit(waitStatus: 0xff00) == .exited(code: 255))
        #expect(ProcessExit(waitStatus: 9) == .signaled(signal: 9, coreDumped: false))
        #expect(ProcessExit(waitStatus: 0x8b) == .signaled(signal: 11, coreDumped: true))
        #expect(ProcessExit(waitStatus: -1) == .unknown)
        #expect(ProcessExit(waitStatus: 0x8b).description == "killed by SIGSEGV, core dumped")
        #expect(ProcessExit(waitStatus: 0x100).description == "exited with code 1")
    }

    private func readLine(_ descriptor: borrowing Descriptor) throws -> String {
        var line = ""
        var byte: UInt8 = 0
        while try withUnsafeMutableBytes(of: &byte, { try descriptor.read(into: $0) }) == 1, byte != 10 {
            line.append(Character(Unicode.Scalar(byte)))
        }
        return line
    }

    /// The kernel's version.
    private func release() throws -> (Int, Int) {
        let text = try Descriptor.open("/proc/sys/kernel/osrelease").readText()
        let numbers = text.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return (numbers[0], numbers[1])
    }
}
