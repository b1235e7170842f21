import CLinux
import Cadre
import Glibc
import Processes
import Reactor
import Systemd
import Testing

extension MachineTests {
    @Suite("memory is limited")
    struct Memory {
        @Test("a hog is killed whole and started again; its siblings don't notice")
        func outOfMemory() throws {
            let configuration = """
                [service.web]
                command = ["/bin/sh", "-c", '''
                test $CADRE_WORKER/$CADRE_INCARNATION = 0/2 || exec sleep 1000
                sleep 1000 &
                \(testWorker) hog 200000000 1000000''']
                workers = 2
                limits.memory_max = "64M"
                [service.other]
                \(command("sleep"))
                """
            try Unit.running(configuration, logging: ["web/0", "web/1"]) { unit in
                let siblings = (try unit.pid("web/1"), try unit.pid("other/0"))
                kill(try unit.pid("web/0"), SIGKILL)
                let event = try unit.journal.event(.oomKill, of: "web/0")
                try unit.journal.event(.ready, of: "web/0", incarnation: 3)

                let worker = try unit.worker("web/0")
                #expect(worker.state == "ready")
                let exit = try #require(worker.lastExit)
                #expect(exit.reason == "oom-kill")
                let peak = try #require(exit.memoryPeakBytes)
                #expect((60 << 20...64 << 20).contains(peak), "peak \(peak)")
                #expect(siblings == (try unit.pid("web/1"), try unit.pid("other/0")))
                #expect(try unit.property("ActiveState") == "active")
                #expect(try unit.property("NRestarts") == "0")
                // The shell and its other child went with the hog.
                #expect(!exists("\(Unit.group)/web/0@2"))
                #expect(try succeed("cadre", "status", "web/0").contains("oom-kill (peak 6"))

                let entry = try succeed(
                    "journalctl", "--output=export", "--unit=cadre", "MESSAGE_ID=\(EventKind.oomKill.messageID)",
                    "--cursor=\(event.cursor)"
                ).split(separator: "\n")
                for field in [
                    "CADRE_EVENT=oom-kill", "CADRE_SERVICE=web", "CADRE_WORKER=0", "CADRE_INCARNATION=2",
                    "CADRE_CGROUP=web/0@2", "CADRE_MEMORY_PEAK=\(peak)", "CADRE_EXIT_SIGNAL=SIGKILL", "PRIORITY=4",
                    "SYSLOG_IDENTIFIER=cadre",
                ] {
                    #expect(entry.contains(Substring(field)), "\(field)")
                }
            }
        }

        @Test("a leaking server is replaced at memory_high, while a client that never stops asking gets every answer")
        func memoryHigh() throws {
            let configuration = """
                [service.web]
                \(command("serve", "1000000"))
                ready.by = "notify"
                # Not one restart is allowed, but for planned ones.
                restart.budget = 0
                limits = { memory_high = "48M", memory_max = "256M" }
                socket = [{ name = "http", listen = "127.0.0.1:8080" }]
                """
            try Unit.running(configuration) { unit in
                var pids: [Int32] = []
                // Through two replacements and some requests beyond.
                while Set(pids).count < 3 || pids.suffix(5).contains(where: { $0 != pids.last }) {
                    pids.append(try ask(port: 8080))
                    try #require(pids.count < 1000, "it isn't replaced")
                }
                try unit.journal.event(.memoryHigh, of: "web/0")
                try unit.journal.event(.memoryHigh, of: "web/0")
                #expect(try !unit.journal.has(.oomKill))
                #expect(try !unit.journal.has(.killed))
                let worker = try unit.worker("web/0")
                #expect(worker.state == "ready")
                #expect(worker.lastExit?.reason == "memory-high")
                #expect(try #require(worker.lastExit?.memoryPeakBytes) < 256 << 20)
            }
        }
    }
}

/// Asks the fixture program for the process ID of who answers; waits until one does.
func ask(port: UInt16) throws -> Int32 {
    let connection = Descriptor(
        owning: try systemCall("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) })
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(connection.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    _ = try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            try systemCall("connect", "port \(port)") {
                connect(connection.rawValue, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
    try connection.write("GET / HTTP/1.0\r\n\r\n")
    let answer = try connection.readText()
    let body = answer.split(separator: "\r\n").last?.split(separator: " ").first
    guard answer.hasPrefix("HTTP/1.0 200 OK\r\n"), let pid = body.flatMap({ Int32($0) }) else {
        throw Trouble("not an answer: \"\(answer)\"")
    }
    return pid
}
