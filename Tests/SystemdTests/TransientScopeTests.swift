import CLinux
import Glibc
import Reactor
import SystemPackage
import Testing

@testable import Systemd

@Suite struct TransientScopeErrorTests {
    @Test("what the bus answers becomes a sentence with a remedy")
    func descriptions() {
        let denied = BusFailure(code: -EACCES, name: "org.freedesktop.DBus.Error.AccessDenied", message: "No.")
        #expect(
            TransientScopeError(denied, isRoot: false).description
                == "your user manager denied a scope with Delegate=yes (No.): have polkit allow it, or run as root")
        let exists = BusFailure(code: -EEXIST, name: "org.freedesktop.systemd1.UnitExists", message: "It exists.")
        #expect(
            TransientScopeError(exists, isRoot: true).description
                == "systemd refused a scope with Delegate=yes: It exists.")
        #expect(
            TransientScopeError(BusFailure(code: -EPIPE), isRoot: true).description
                == "systemd refused a scope with Delegate=yes: Broken pipe")
        #expect(TransientScopeError.noBus(isRoot: false, .noSuchFileOrDirectory).description.contains("enable-linger"))
    }
}

@Suite(.enabled(if: isTestMachine, "needs systemd as PID 1"))
struct TransientScopeTests {
    /// A process that lives until its pipe is closed.
    private func withProcess(_ body: (pid_t) throws -> Void) throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try systemCall("socketpair") { socketpair(AF_UNIX, type, 0, &ends) }
        let ours = Descriptor(owning: ends[0])
        let theirs = Descriptor(owning: ends[1])
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs.rawValue, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("cat"), nil]
        defer { free(arguments[0]) }
        var pid = pid_t()
        try #require(posix_spawn(&pid, "/bin/cat", &actions, nil, &arguments, nil) == 0)
        defer {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        try body(pid)
        _ = consume ours
    }

    private func controlGroup(of process: pid_t) throws -> String {
        let text = try Descriptor.open("/proc/\(process)/cgroup").readText()
        return String(text.split(separator: ":", omittingEmptySubsequences: false).last?.dropLast() ?? "")
    }

    @Test("systemd runs a test machine")
    func booted() {
        #expect(TransientScope.isSystemdRunning)
    }

    @Test("a process is in its scope when the call returns, and the scope is delegated")
    func scope() throws {
        try withProcess { process in
            let name = "cadre-test-\(process).scope"
            try TransientScope.move([process], into: name, description: "A test of Cadre")
            let controlGroup = try controlGroup(of: process)
            #expect(controlGroup == "/system.slice/\(name)")
            var value: UInt8 = 0
            #expect(getxattr("/sys/fs/cgroup\(controlGroup)", "trusted.delegate", &value, 1) == 1)
            #expect(value == UInt8(ascii: "1"))
            let error = #expect(throws: TransientScopeError.self) {
                try TransientScope.move([process], into: name, description: "Another")
            }
            guard case .refused(let reason, isRoot: true) = error else {
                Issue.record("a second scope of that name: \(String(describing: error))")
                return
            }
            #expect(reason.contains(name))
        }
    }
}

@Suite(.enabled(if: isTestMachine, "needs journald"))
struct JournalRoundTripTests {
    @Test("an entry of the writer comes out of the journal, fields and all, while a reader follows")
    func roundTrip() throws {
        let service = "test-\(getpid())-\(ContinuousClock.now)"
        var reader = try JournalReader()
        let hasFiles = try reader.hasFiles()
        #expect(hasFiles)
        try reader.select(identifiers: [], subjects: [.init(service: service, worker: 3)])
        try reader.seekTail(lines: 0)
        let none = try reader.next()
        #expect(none == nil)
        #expect(JournalWriter.isAvailable)
        let writer = try JournalWriter()
        for worker in ["2", "3"] {
            writer.write(
                JournalEntry(
                    message: "line one\nline two", priority: .notice,
                    fields: [
                        ("SYSLOG_IDENTIFIER", "cadre"), ("CADRE_SERVICE", service), ("CADRE_WORKER", worker),
                        ("CADRE_EVENT", "ready"), ("MESSAGE_ID", EventKind.ready.messageID),
                    ]))
        }
        #expect(writer.flush(within: .seconds(60)))
        var found = try reader.next()
        while found == nil, try reader.wait(for: .seconds(60)) != .nothing { found = try reader.next() }
        let record = try #require(found)
        #expect(record.worker == 3 && record.service == service)
        #expect(record.message == "line one\nline two")
        #expect(record.priority == .notice)
        #expect(record.identifier == "cadre")
        #expect(record.pid == getpid())
        #expect(record.event == "ready")
        #expect(record.messageID == EventKind.ready.messageID)
        #expect(record.monotonicMicroseconds != nil)
        let identifiers = try reader.identifiers()
        #expect(identifiers.contains("cadre"))
    }
}
