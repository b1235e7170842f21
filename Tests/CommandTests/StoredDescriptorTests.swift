import CLinux
import Glibc
import Reactor
import Testing

/// Descriptors that workers leave for their next incarnation.
@Suite(.needsControlGroups) struct StoredDescriptorTests {
    private let notify = "ready.by = 'notify'\nfd_store_max = 3"

    @Test("what a worker stores is there after a crash and a replacement, by name, and not after a stop")
    func roundTrip() throws {
        try withSupervisor(
            service("web", "store", "if-empty:memory:hello:FDSTORE=1\\nFDNAME=state", workers: 2, more: notify)
        ) { supervisor in
            let first = try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            try supervisor.expect("web/0 ", "| has 0")
            kill(first, SIGKILL)
            try supervisor.expect("web/0 ", "| has state \"hello\"")
            try supervisor.ready("web/0")
            #expect(try supervisor.cadre("restart", "web/0").code == 0)
            try supervisor.expect("web/0 ", "| has state \"hello\"")
            let held = try supervisor.settledDescriptorCounts()
            #expect(try supervisor.cadre("stop", "web/0").code == 0)
            #expect(eventually { zip((try? supervisor.descriptorCounts()) ?? held, held).allSatisfy { $0 < $1 } })
            #expect(try supervisor.cadre("start", "web/0").code == 0)
            try supervisor.expect("web/0 ", "| has 0")
        }
    }

    @Test("no more are stored than allowed; what is removed or hung up is gone, unless that is not to matter")
    func limits() throws {
        let messages = [
            "memory:a:FDSTORE=1\\\\nFDNAME=a", "memory:b:FDSTORE=1\\\\nFDNAME=b", "FDSTOREREMOVE=1\\\\nFDNAME=a",
            "pipe::FDSTORE=1\\\\nFDNAME=hung", "pipe::FDSTORE=1\\\\nFDNAME=kept\\\\nFDPOLL=0", "memory:c:FDSTORE=1",
            "memory:d:FDSTORE=1", "memory:e:FDSTORE=1",
        ]
        let command = ([Machine.worker, "store"] + messages.map { "if-empty:\($0)" }).map { "\"\($0)\"" }
        let toml = """
            [service.web]
            command = [\(command.joined(separator: ", "))]
            ready.by = "notify"
            fd_store_max = 4
            """
        try withSupervisor(toml) { supervisor in
            let first = try supervisor.ready("web/0")
            kill(first, SIGKILL)
            try supervisor.ready("web/0")
            try supervisor.stop()
            let found = try supervisor.output(of: "web/0")
            #expect(found.first == "has 0")
            // "hung" may have been dropped before or after the last ones were refused.
            let names = found.dropFirst().filter { $0.contains("\"") }
            #expect(
                names.contains("has b \"b\"") && names.contains("has kept \"\"") && names.contains("has stored \"c\""))
            #expect(!names.contains { $0.hasPrefix("has a ") || $0.hasPrefix("has hung ") })
            #expect(names.count <= 4)
        }
    }

    @Test("nothing is stored, and nothing stays open, where that isn't allowed")
    func off() throws {
        try withSupervisor(
            service("web", "store", "memory:hello:FDSTORE=1", more: "ready.by = 'notify'")
                + service("idle", "sleep")
        ) { supervisor in
            try supervisor.ready("idle/0")
            kill(try supervisor.ready("web/0"), SIGKILL)
            try supervisor.ready("web/0")
            let files = try openDescriptors(of: supervisor.pid).compactMap {
                try? readLink("/proc/\(supervisor.pid)/fd/\($0)")
            }
            #expect(!files.contains { $0.contains("memfd") })
            #expect(try supervisor.output(of: "web/0") == ["has 0", "has 0"])
        }
    }
}
