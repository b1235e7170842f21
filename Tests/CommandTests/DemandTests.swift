import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// Services that run only while somebody is connected.
@Suite(.needsControlGroups) struct DemandTests {
    /// With a second service, whose worker tells when all is set up.
    private func toml(_ listen: String, idle: String, workers: Int = 2, verb: String = "serve", more: String = "")
        -> String
    {
        service("idle", "sleep")
            + service(
                "web", verb, workers: workers,
                more: """
                    on_demand = true
                    idle_timeout = '\(idle)'
                    ready.by = 'notify'
                    socket = [{ name = 'http', listen = '\(listen)' }]
                    \(more)
                    """)
    }

    @Test("a service starts at the first connection, which it answers, and sleeps again; that counts as healthy")
    func wakeAndSleep() throws {
        let port = try freePort()
        try withSupervisor(toml("127.0.0.1:\(port)", idle: "300ms")) { supervisor in
            try supervisor.ready("idle/0")
            for _ in 0..<2 {
                #expect(try supervisor.worker("web/0").state == "asleep")
                #expect(try supervisor.status().summary == "2 services, 1 of 3 workers ready")
                #expect(try ask("TCP4", "127.0.0.1:\(port)", "GET / HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.0 200"))
                try supervisor.expect("web is started, as somebody connects")
                for number in 0..<2 { try supervisor.ready("web/\(number)") }
                for number in 0..<2 { try supervisor.expect("web/\(number) sleeps until somebody connects") }
            }
            #expect(try supervisor.worker("web/1").restarts == 0)
        }
    }

    @Test("a connection that is open keeps it awake, however long it says nothing", arguments: ["tcp", "unix"])
    func heldOpen(kind: String) throws {
        let port = try freePort()
        try withSupervisor({ scene in
            let listen = kind == "tcp" ? "127.0.0.1:\(port)" : "unix:\(scene.path("s"))"
            let clock = """
                on_demand = true
                idle_timeout = '200ms'
                ready.by = 'notify'
                socket = [{ name = 'http', listen = 'unix:\(scene.path("clock"))' }]
                """
            return toml(listen, idle: "200ms", workers: 1, verb: "echo") + service("clock", "serve", more: clock)
        }) { supervisor in
            try supervisor.ready("idle/0")
            let address = kind == "tcp" ? "('127.0.0.1', \(port))" : "'\(supervisor.scene.path("s"))'"
            let script = """
                import signal, socket
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
                s = socket.socket(\(kind == "tcp" ? "socket.AF_INET" : "socket.AF_UNIX"))
                s.connect(\(address))
                print("held", flush=True)
                signal.sigwait([signal.SIGUSR1])
                s.send(b'x')
                print(s.recv(100).decode())
                """
            let client = try RunningProgram(["/usr/bin/python3", "-c", script])
            let pid = try supervisor.ready("web/0")
            try client.expect(["held"])
            // One that is as patient, and that nobody holds, falls asleep again and again meanwhile.
            for _ in 0..<3 {
                _ = try Client(path: supervisor.scene.path("clock")).ask()
                try supervisor.expect("clock/0 sleeps until somebody connects")
            }
            #expect(try supervisor.worker("web/0").state == "ready")
            try client.signal(SIGUSR1)
            let (code, output) = try client.finish()
            #expect(code == 0 && output.hasSuffix("\(pid) http x"))
            try supervisor.expect("web/0 sleeps")
            #expect(supervisor.lines.count { $0.contains("web/0 is ready") } == 1)
        }
    }

    @Test("no connection is lost, though it goes to sleep again and again under a client that never stops")
    func hammered() throws {
        let port = try freePort()
        try withSupervisor(toml("127.0.0.1:\(port)", idle: "1ms")) { supervisor in
            try supervisor.ready("idle/0")
            // Its pauses are longer than the service's patience, and than what is between two looks.
            let client = try RunningProgram([Machine.worker, "hammer", "\(port)", "310"], endsWithThread: true)
            let other = try RunningProgram([Machine.worker, "hammer", "\(port)", "730"], endsWithThread: true)
            for _ in 0..<5 { try supervisor.expect("web/0 sleeps") }
            for client in [client, other] {
                try client.signal(SIGTERM)
                let (code, output) = try client.finish()
                #expect(code == 0 && output.contains(", not answered 0, longest "), "\(output)")
                print("scaled to zero and back: \(output.split(separator: "\n").last ?? "")")
            }
        }
    }

    @Test("commands do what they say: start wakes it, stop is for good, scale and apply leave it asleep")
    func commands() throws {
        let port = try freePort()
        try withSupervisor(toml("127.0.0.1:\(port)", idle: "1h", workers: 1)) { supervisor in
            try supervisor.ready("idle/0")
            #expect(try supervisor.cadre("scale", "web=2").code == 0)
            #expect(try supervisor.worker("web/1").state == "asleep")
            try supervisor.reload(toml("127.0.0.1:\(port)", idle: "1h", workers: 2, more: "environment = { A = 'b' }"))
            try supervisor.expect("reloaded: changed web")
            #expect(try supervisor.worker("web/0").state == "asleep")
            #expect(try supervisor.cadre("start", "web").code == 0)
            for number in 0..<2 { #expect(try supervisor.worker("web/\(number)").state == "ready") }
            #expect(try supervisor.cadre("stop", "web").code == 0)
            let connection = try connect(to: port)
            #expect(try supervisor.worker("web/0").state == "stopped")
            #expect(try supervisor.cadre("start", "web/0").code == 0)
            #expect(try supervisor.worker("web/1").state == "stopped")
            _ = consume connection
        }
    }

    @Test("a datagram wakes a service, which gets it")
    func datagram() throws {
        let port = try freePort()
        let toml = """
            [service.web]
            command = ['\(Machine.worker)', 'echo']
            on_demand = true
            idle_timeout = "300ms"
            ready.by = "notify"
            socket = [{ listen = "127.0.0.1:\(port)", type = "datagram" }]

            """
        try withSupervisor(service("idle", "sleep") + toml) { supervisor in
            try supervisor.ready("idle/0")
            for _ in 0..<2 {
                #expect(try ask("UDP4", "127.0.0.1:\(port)", "hello").hasSuffix(" web hello"))
                try supervisor.expect("web/0 sleeps until somebody connects")
            }
        }
    }

    @Test("a worker that ends by itself when it has nothing to do is started by the next connection")
    func endsItself() throws {
        let port = try freePort()
        let toml = """
            [service.web]
            command = ['/usr/bin/python3', '-c', 'import socket; c, _ = socket.socket(fileno=3).accept(); c.send(c.recv(99))']
            on_demand = true
            restart.policy = "on-failure"
            socket = [{ listen = "127.0.0.1:\(port)" }]

            """
        try withSupervisor(service("idle", "sleep") + toml) { supervisor in
            try supervisor.ready("idle/0")
            for _ in 0..<3 {
                #expect(try ask("TCP4", "127.0.0.1:\(port)", "again") == "again")
                try supervisor.expect("web/0 is done")
                try supervisor.expect("web/0 sleeps until somebody connects")
            }
        }
    }

    @Test("it goes on when it is on demand no more, and waits when it is again")
    func changed() throws {
        let port = try freePort()
        let more = "ready.by = 'notify'\nsocket = [{ name = 'http', listen = '127.0.0.1:\(port)' }]"
        try withSupervisor(toml("127.0.0.1:\(port)", idle: "200ms")) { supervisor in
            try supervisor.ready("idle/0")
            try supervisor.reload(service("idle", "sleep") + service("web", "serve", workers: 2, more: more))
            for number in 0..<2 { try supervisor.ready("web/\(number)") }
            try supervisor.reload(toml("127.0.0.1:\(port)", idle: "200ms"))
            for number in 0..<2 { try supervisor.expect("web/\(number) sleeps") }
            #expect(try ask("TCP4", "127.0.0.1:\(port)", "GET / HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.0 200"))
        }
    }

    @Test("a service whose socket can't be had says so, and fails as others do")
    func taken() throws {
        let listener = try TCPListener()
        let more = "restart = { budget = 1, delay = '1ms' }"
        try withSupervisor(toml("127.0.0.1:\(listener.port)", idle: "1h", workers: 1, more: more)) { supervisor in
            try supervisor.expect("web can't wait for connections: listen on 127.0.0.1:\(listener.port)")
            try supervisor.expect("web/0 has failed")
        }
    }
}
