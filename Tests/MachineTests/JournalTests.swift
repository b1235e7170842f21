import CLinux
import Cadre
import Glibc
import Processes
import Reactor
import Systemd
import Testing

extension MachineTests {
    @Suite("workers log to journald")
    struct Logging {
        @Test("lines come with the worker's name and their level, standard error as warnings")
        func levels() throws {
            let configuration = """
                [service.web]
                \(command("log", "plain", "err:complaint", "<3>grave", "err:<6>harmless"))
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                #expect(try unit.journal.line(of: "web/0", "plain").priority == .info)
                #expect(try unit.journal.line(of: "web/0", "complaint").priority == .warning)
                let grave = try unit.journal.line(of: "web/0", "grave")
                #expect(grave.priority == .error)
                #expect(try unit.journal.line(of: "web/0", "harmless").priority == .info)
                // journald takes the process from the kernel, so it is the worker, not who opened the stream.
                #expect(grave.pid == (try unit.pid("web/0")))
            }
        }

        @Test("JOURNAL_STREAM tells a worker that its standard error goes to the journal")
        func journalStream() throws {
            let configuration = """
                [service.web]
                command = ["/bin/sh", "-c", '''
                test "$JOURNAL_STREAM" = "$(stat -L -c %d:%i /proc/self/fd/2)" && echo same || echo "differs"
                exec sleep 1000''']
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "same")
            }
        }

        @Test("cadre logs shows what workers printed, and follows")
        func logs() throws {
            let configuration = """
                [service.web]
                \(command("count-signals"))
                workers = 2
                [service.job]
                \(command("log", "of another"))
                """
            try Unit.running(configuration, logging: ["web/0", "web/1", "job/0"]) { unit in
                try unit.journal.line(of: "job/0", "of another")
                for number in 0..<2 { try unit.journal.line(of: "web/\(number)", "0") }
                #expect(try succeed("cadre", "logs", "-n", "1", "job").hasSuffix("of another"))
                let json = try succeed("cadre", "logs", "-n", "1", "--json", "job/0")
                #expect(json.contains("of another") && json.hasPrefix("{"), "\(json)")

                let following = try Command(["cadre", "logs", "-f", "-n", "1", "web/1"])
                try following.waitForLine("0")
                kill(try unit.pid("web/0"), SIGUSR1)
                try unit.journal.line(of: "web/0", "1")
                for count in ["1", "2"] {
                    kill(try unit.pid("web/1"), SIGUSR1)
                    try unit.journal.line(of: "web/1", count)
                }
                try following.waitForLine(": 2")
                let shown = following.output.split(separator: "\n")
                #expect(shown.count == 3 && shown.allSatisfy { $0.contains("web/1") }, "\(following.output)")
            }
        }

        @Test("cadre logs follows without a watch, too")
        func noWatches() throws {
            let limit = "/proc/sys/fs/inotify/max_user_watches"
            let usual = try contents(limit)
            try Unit.running("[service.web]\n\(command("count-signals"))", logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "0")
                try write("1", to: limit)
                defer { try? write(usual, to: limit) }
                let following = try Command(["cadre", "logs", "-f", "-n", "1", "web/0"])
                try following.waitForLine(": 0")
                for count in ["1", "2"] {
                    kill(try unit.pid("web/0"), SIGUSR1)
                    try following.waitForLine(": \(count)")
                }
            }
        }

        @Test("a restart of journald costs no line and no worker")
        func restart() throws {
            let configuration = """
                [service.web]
                \(command("count-signals"))
                workers = 2
                """
            try Unit.running(configuration, logging: ["web/0", "web/1"]) { unit in
                let pids = [try unit.pid("web/0"), try unit.pid("web/1")]
                func signal(_ count: Int) throws {
                    for (number, pid) in pids.enumerated() {
                        kill(pid, SIGUSR1)
                        try unit.journal.line(of: "web/\(number)", "\(count)")
                    }
                }
                for number in 0..<2 { try unit.journal.line(of: "web/\(number)", "0") }
                try signal(1)
                try succeed("systemctl", "restart", "systemd-journald")
                try signal(2)
                #expect(pids == [try unit.pid("web/0"), try unit.pid("web/1")])
                // New streams, and the supervisor's own entries, arrive too.
                kill(pids[0], SIGKILL)
                try unit.journal.event(.exited, of: "web/0")
                try unit.journal.line(of: "web/0", "0")
            }
        }

        @Test("a journald that hangs doesn't keep a worker from being restarted")
        func hungJournald() throws {
            let configuration = """
                [service.web]
                \(command("serve"))
                ready.by = "notify"
                socket = [{ name = "http", listen = "127.0.0.1:8080" }]
                """
            try Unit.running(configuration) { unit in
                let journald = try #require(processes("systemd-journal").first)
                let first = try ask(port: 8080)
                kill(journald, SIGSTOP)
                defer { kill(journald, SIGCONT) }
                var last = first
                for _ in 0..<3 {
                    kill(last, SIGKILL)
                    // Who asks waits in the socket's queue until a successor answers.
                    let next = try ask(port: 8080)
                    #expect(next != last)
                    last = next
                }
                #expect(try unit.status().services[0].workers[0].restarts == 3)
                kill(journald, SIGCONT)
                for _ in 0..<3 { try unit.journal.event(.exited, of: "web/0") }
            }
        }
    }

    @Suite("a reload changes what it must")
    struct Reloading {
        private func configuration(workers: String, more: String = "") -> String {
            """
            [service.web]
            \(command("notify", "READY=1"))
            workers = \(workers)
            ready.by = "notify"
            \(more)
            """
        }

        @Test("with a broken file it fails, says why, and changes nothing")
        func broken() throws {
            try Unit.running(configuration(workers: "2")) { unit in
                let before = processes("TestWorker")
                try unit.configure(configuration(workers: "2", more: "limits.memory_max = \"512X\""))
                let reload = try run("systemctl", "reload", "cadre")
                #expect(reload.exit != .exited(code: 0))
                let message = try unit.journal.event(.reloadRejected).message
                #expect(message.contains("/etc/cadre/cadre.toml:5: service.web.limits.memory_max:"), "\(message)")
                #expect(processes("TestWorker") == before)
                #expect(try unit.property("ActiveState") == "active")
                #expect(try unit.service("web").ready == 2)

                // So is one with no file at all.
                unlink("/etc/cadre/cadre.toml")
                #expect(try run("systemctl", "reload", "cadre").exit != .exited(code: 0))
                #expect(processes("TestWorker") == before)

                try unit.configure(configuration(workers: "2"))
                try succeed("systemctl", "reload", "cadre")
                #expect(processes("TestWorker") == before)
            }
        }

        @Test("with a new number of workers it leaves the others alone; with a new service it starts that")
        func good() throws {
            try Unit.running(configuration(workers: "2")) { unit in
                let before = processes("TestWorker")
                let more = "[service.job]\n\(command("sleep"))"
                try unit.configure(configuration(workers: "3", more: more))
                try succeed("systemctl", "reload", "cadre")
                try unit.journal.event(.ready, of: "web/2")
                try unit.journal.event(.ready, of: "job/0")
                #expect(Set(processes("TestWorker")).isSuperset(of: before))
                try unit.waitForProperty("StatusText", "2 services, 4 of 4 workers ready")
                #expect(try unit.property("ActiveState") == "active")

                try unit.configure(configuration(workers: "2"))
                try succeed("systemctl", "reload", "cadre")
                try unit.waitForProperty("StatusText", "1 service, 2 of 2 workers ready")
                #expect(processes("TestWorker") == before)
            }
        }
    }
}
