import CLinux
import Cadre
import Glibc
import Reactor
import SystemPackage
import Testing

/// Sockets that the supervisor opens, and what arrives on them.
@Suite(.needsControlGroups) struct SocketTests {
    @Test("data gets through a socket of every kind, and each is under its name")
    func kinds() throws {
        let (tcp, udp, six) = (try TCPListener(), try TCPListener(), try TCPListener())
        for listener in [tcp, udp, six] { listener.close() }
        try withSupervisor({ scene in
            let abstract = "@\(scene.name)"
            return service(
                "web", "echo",
                more: """
                    ready.by = 'notify'
                    socket = [
                        { name = 'tcp', listen = '127.0.0.1:\(tcp.port)' },
                        { name = 'udp', listen = '127.0.0.1:\(udp.port)', type = 'datagram' },
                        { name = 'tcp6', listen = '[::1]:\(six.port)' },
                        { name = 'stream', listen = 'unix:\(scene.path("stream"))' },
                        { name = 'datagram', listen = 'unix:\(scene.path("datagram"))', type = 'datagram' },
                        { name = 'seqpacket', listen = 'unix:\(scene.path("seqpacket"))', type = 'seqpacket' },
                        { name = 'abstract', listen = 'unix:\(abstract)' },
                        { name = 'abstract-seqpacket', listen = 'unix:\(abstract)-2', type = 'seqpacket' },
                    ]
                    """)
        }) { supervisor in
            let pid = try supervisor.ready("web/0")
            let scene = supervisor.scene
            let addresses = [
                "tcp": ("TCP4", "127.0.0.1:\(tcp.port)"), "udp": ("UDP4", "127.0.0.1:\(udp.port)"),
                "tcp6": ("TCP6", "[::1]:\(six.port)"), "stream": ("STREAM", scene.path("stream")),
                "datagram": ("DGRAM", scene.path("datagram")), "seqpacket": ("SEQPACKET", scene.path("seqpacket")),
                "abstract": ("STREAM", "@\(scene.name)"), "abstract-seqpacket": ("SEQPACKET", "@\(scene.name)-2"),
            ]
            for (name, (kind, address)) in addresses {
                #expect(try ask(kind, address, "hello") == "\(pid) \(name) hello", "\(name)")
            }
        }
    }

    @Test("options are set on the sockets that the worker gets")
    func options() throws {
        let port = try TCPListener()
        port.close()
        let plain = try TCPListener()
        plain.close()
        try withSupervisor(
            service(
                "web", "sockets",
                more: """
                    socket = [
                        { name = 'all', listen = '192.0.2.1:\(port.port)', free_bind = true, defer_accept = '5s' },
                        { name = 'plain', listen = '127.0.0.1:\(plain.port)', non_blocking = true },
                        { name = 'own', listen = '127.0.0.1:\(port.port)', type = 'datagram', reuse_port = true },
                    ]
                    """)
        ) { supervisor in
            let all = try supervisor.expect(
                "| 3 all family 2 type 1 listening 1 non_blocking 0 reuse_port 0 free_bind 1 defer ")
            // The kernel counts retransmissions and says how long those take.
            #expect((Int(all.split(separator: " ").last ?? "") ?? 0) >= 5)
            try supervisor.expect(
                "| 4 plain family 2 type 1 listening 1 non_blocking 1 reuse_port 0 free_bind 0 defer 0")
            try supervisor.expect("| 5 own family 2 type 2 listening 0 non_blocking 0 reuse_port 1 free_bind 0")
        }
    }

    @Test("the file of a socket has the mode and the owner that are wanted, which change while it is open", .needsRoot)
    func file() throws {
        func toml(_ scene: Scene, _ more: String) -> String {
            service(
                "web", "echo",
                more: "ready.by = 'notify'\nsocket = [{ listen = 'unix:\(scene.path("s"))', \(more) }]")
        }
        try withSupervisor({ toml($0, "mode = '0620', user = 'nobody', group = '1'") }) { supervisor in
            let pid = try supervisor.ready("web/0")
            let path = supervisor.scene.path("s")
            #expect(try run(["stat", "-c", "%a %u %g", path]).output == "620 65534 1")
            try supervisor.reload(toml(supervisor.scene, "mode = '0666', user = '0', group = '0'"))
            try supervisor.expect("reloaded: changed web")
            #expect(try run(["stat", "-c", "%a %u %g", path]).output == "666 0 0")
            #expect(try ask("STREAM", path, "x") == "\(pid) web x", "the worker wasn't replaced")
        }
    }

    @Test("one socket can be the worker's standard input, and is then not counted")
    func standardInput() throws {
        try withSupervisor({ scene in
            service(
                "web", "echo", "stdin",
                more: """
                    ready.by = 'notify'
                    socket = [
                        { name = 'in', listen = 'unix:\(scene.path("in"))', stdin = true },
                        { name = 'other', listen = 'unix:\(scene.path("other"))' },
                    ]
                    """)
        }) { supervisor in
            let pid = try supervisor.ready("web/0")
            #expect(try ask("STREAM", supervisor.scene.path("in"), "a") == "\(pid) stdin a")
            #expect(try ask("STREAM", supervisor.scene.path("other"), "b") == "\(pid) other b")
        }
    }

    @Test("sockets of systemd's go to the service that names them; the rest is told of")
    func systemd() throws {
        try withScene { scene in
            func toml(_ name: String) -> String {
                service(
                    "web", "echo",
                    more: "ready.by = 'notify'\nsocket = [{ name = 'http', from_systemd = '\(name)' }]\n"
                        + "restart.policy = 'never'")
            }
            // As systemd does it: descriptors from 3 on, named, for this process.
            let activate = """
                import os, socket, sys
                made = []
                for index in range(2):
                    s = socket.socket(socket.AF_UNIX)
                    s.bind(f"\(scene.directory)/{index}")
                    s.listen()
                    made.append(s.detach())
                # Not in the way of each other.
                moved = [os.dup2(fd, 100 + i, inheritable=False) for i, fd in enumerate(made)]
                for i, fd in enumerate(moved): os.dup2(fd, 3 + i, inheritable=True)
                os.environ.update(LISTEN_FDS="2", LISTEN_FDNAMES="web:spare", LISTEN_PID=str(os.getpid()))
                os.execv(sys.argv[1], sys.argv[1:])
                """
            let supervisor = try SupervisorProcess(
                toml("web"), in: scene, wrapper: ["/usr/bin/python3", "-c", activate])
            try supervisor.expect("systemd passed a socket named \"spare\" that no service names")
            let pid = try supervisor.ready("web/0")
            #expect(try ask("STREAM", scene.path("0"), "a") == "\(pid) http a")
            try supervisor.reload(toml("spare"))
            let next = try supervisor.ready("web/0")
            #expect(try ask("STREAM", scene.path("1"), "a") == "\(next) http a")
            try supervisor.reload(toml("none"))
            try supervisor.expect(
                "web/0 cannot be started: the socket http: systemd passed no descriptor named \"none\"")
            try supervisor.stop()
            #expect(access(scene.path("0"), F_OK) == 0, "the path is systemd's")
        }
    }

    @Test("each worker has its port in its arguments and its environment, and keeps it")
    func ports() throws {
        let toml = """
            [service.web]
            command = ['/bin/sh', '-c', 'echo "$CADRE_PORT $ADDRESS $0"; exec "$worker" sleep', '{port}']
            workers = 2
            port.start = 18070
            environment = { ADDRESS = ':{port}', worker = '\(Machine.worker)' }
            [service.other]
            command = ['\(Machine.worker)', 'sleep']
            port.start = 20000
            """
        try withSupervisor(toml) { supervisor in
            for number in 0..<2 {
                try supervisor.expect("web/\(number) ", "| 1807\(number) :1807\(number) 1807\(number)")
            }
            kill(try supervisor.ready("web/1"), SIGKILL)
            try supervisor.expect("web/1 ", "| 18071 :18071 18071")
            let (code, output) = try supervisor.cadre("scale", "web=50000")
            #expect(code != 0)
            #expect(output.contains("out of range"))
            let (tooMany, message) = try supervisor.cadre("scale", "web=10000", "other=1")
            #expect(tooMany != 0 && message.contains("of which other has those from 20000 on"), "\(message)")
        }
    }

    @Test(
        "no request is lost while every worker is replaced, whether sockets are shared or not",
        arguments: [false, true])
    func replacement(reusePort: Bool) throws {
        let listener = try TCPListener()
        listener.close()
        let more = """
            ready.by = 'notify'
            socket = [{ listen = '127.0.0.1:\(listener.port)', reuse_port = \(reusePort) }]
            """
        try withSupervisor(service("web", "serve", workers: 3, more: more)) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            let clients = try (0..<2).map { _ in
                try RunningProgram([Machine.worker, "hammer", "\(listener.port)"], endsWithThread: true)
            }
            for client in clients { try client.expect(["asked 1"]) }
            for _ in 0..<5 { #expect(try supervisor.cadre("restart", "web").code == 0) }
            for client in clients {
                try client.signal(SIGTERM)
                let (code, output) = try client.finish()
                #expect(code == 0 && output.contains(", not answered 0, longest "), "\(output)")
                print("15 replacements, reuse_port = \(reusePort): \(output.split(separator: "\n").last ?? "")")
            }
        }
    }

    @Test("a hundred workers have a socket each, which leaves with its worker; nothing is left open")
    func many() throws {
        let listener = try TCPListener()
        listener.close()
        let more = "socket = [{ listen = '127.0.0.1:\(listener.port)', reuse_port = true }]"
        try withSupervisor(service("web", "sleep", workers: 100, more: more)) { supervisor in
            for number in 0..<100 { try supervisor.ready("web/\(number)") }
            func listening() throws -> Int {
                let port = String(listener.port, radix: 16, uppercase: true)
                return try Descriptor.open("/proc/net/tcp").readText().split(separator: "\n").count { line in
                    line.contains(":\(port) 00000000:0000 0A ")
                }
            }
            #expect(try listening() == 100)
            #expect(try supervisor.cadre("scale", "web=1").code == 0)
            #expect(try listening() == 1)
            let few = try supervisor.settledDescriptorCounts()
            #expect(try supervisor.cadre("scale", "web=100").code == 0)
            #expect(try listening() == 100)
            #expect(try supervisor.cadre("stop", "web/3").code == 0)
            #expect(try listening() == 99)
            #expect(try supervisor.cadre("start", "web/3").code == 0)
            #expect(try supervisor.cadre("scale", "web=1").code == 0)
            supervisor.expectDescriptorCounts(few)
        }
    }

    @Test(
        "what is queued for a worker that goes is taken by the others if the kernel does that, and told of if not",
        .needsMounts, arguments: [false, true])
    func migration(migrates: Bool) throws {
        // A network of its own, in which the setting is ours.
        let set = """
            import fcntl, os, socket, struct, sys
            with open("/proc/sys/net/ipv4/tcp_migrate_req", "w") as f: f.write("\(migrates ? 1 : 0)")
            s = socket.socket()
            # SIOCSIFFLAGS: IFF_UP
            fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
            s.close()
            os.execv(sys.argv[1], sys.argv[1:])
            """
        let more = "socket = [{ listen = '127.0.0.1:80', reuse_port = true }]"
        try withSupervisor(
            service("web", "sleep", workers: 2, more: more),
            wrapper: ["unshare", "--net", "/usr/bin/python3", "-c", set]
        ) { supervisor in
            for number in 0..<2 { try supervisor.ready("web/\(number)") }
            func inside(_ command: String...) throws -> (code: Int32, output: String) {
                try run(["nsenter", "--net", "--target", "\(supervisor.pid)"] + command)
            }
            // The kernel chooses for each connection; these are open until the end of the script.
            let client = try RunningProgram([
                "nsenter", "--net", "--target", "\(supervisor.pid)", "/usr/bin/python3", "-c",
                """
                import socket, time
                all = [socket.create_connection(("127.0.0.1", 80)) for _ in range(40)]
                print("connected", flush=True)
                time.sleep(1000)
                """,
            ])
            try client.expect(["connected"])
            func queues() throws -> [Int] {
                try inside("cat", "/proc/net/tcp").output.split(separator: "\n").filter { $0.contains(" 0A ") }.map {
                    Int($0.split(separator: " ")[4].split(separator: ":")[1], radix: 16) ?? -1
                }
            }
            let before = try queues()
            #expect(before.count == 2 && before.reduce(0, +) == 40 && !before.contains(0))
            #expect(try supervisor.cadre("scale", "web=1").code == 0)
            let after = try queues()
            #expect(after.count == 1)
            if migrates {
                #expect(after == [40])
                #expect(!supervisor.lines.contains { $0.contains("queued") })
            } else {
                #expect(after[0] < 40)
                try supervisor.expect("web/1 had \(40 - after[0]) connection", "tcp_migrate_req = 1")
            }
            try client.signal(SIGTERM)
        }
    }

    @Test("a changed address is listened on at once, and the former one as long as a worker has it")
    func changedAddress() throws {
        func toml(_ scene: Scene, _ path: String) -> String {
            service(
                "web", "echo", more: "ready.by = 'notify'\nsocket = [{ listen = 'unix:\(scene.path(path))' }]")
        }
        try withSupervisor({ toml($0, "a") }) { supervisor in
            try supervisor.ready("web/0")
            try supervisor.reload(toml(supervisor.scene, "b"))
            try supervisor.expect("web/0 was replaced")
            let pid = try #require(try supervisor.worker("web/0").pid)
            #expect(try ask("STREAM", supervisor.scene.path("b"), "x") == "\(pid) web x")
            // It went with the last worker that was started with it.
            try supervisor.cadre("restart", "web")
            #expect(access(supervisor.scene.path("a"), F_OK) == -1)
        }
    }
}

/// Sends a text to a socket, and returns the answer.
///
/// - Parameters:
///   - kind: `TCP4`, `TCP6`, `UDP4`, or the type of a unix socket: `STREAM`, `DGRAM` or `SEQPACKET`.
///   - address: host and port, or a path, or a name in the abstract namespace behind an `@`.
func ask(_ kind: String, _ address: String, _ text: String) throws -> String {
    let script = """
        import os, socket, sys
        kind, address, text = sys.argv[1:]
        if kind in ("TCP4", "TCP6", "UDP4"):
            host, port = address.rsplit(":", 1)
            s = socket.socket(
                socket.AF_INET6 if kind == "TCP6" else socket.AF_INET,
                socket.SOCK_DGRAM if kind == "UDP4" else socket.SOCK_STREAM)
            s.connect((host.strip("[]"), int(port)))
        else:
            s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + kind))
            if kind == "DGRAM": s.bind(f"\\0cadre-test-client-{os.getpid()}")
            s.connect("\\0" + address[1:] if address[0] == "@" else address)
        s.settimeout(60)
        s.send(text.encode())
        print(s.recv(4096).decode())
        """
    return try run(["/usr/bin/python3", "-c", script, kind, address, text]).output
}
