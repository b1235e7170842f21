import CLinux
import Cadre
import FoundationEssentials
import Glibc
import Reactor
import Testing

@Suite("cadre inspect", .needsControlGroups)
struct InspectTests {
    @Test("tells of processes, files, environment, directory and ends") func all() throws {
        try withSupervisor({ scene in
            let file = try scene.write("known file", "")
            return """
                [service.web]
                command = ['/bin/sh', '-c', '''if [ ! -e ended ]; then : > ended; exit 3; fi; exec 7< "$FILE"; sleep 1000 & until read -r name < /proc/$!/comm && [ "$name" = sleep ]; do :; done; exec "$worker" notify READY=1''']
                directory = '\(scene.directory)'
                environment = { worker = '\(Machine.worker)', FILE = '\(file)', API_TOKEN = 'abc', COLOUR = "blue\\u001b[31m" }
                ready.by = 'notify'
                restart = { delay = '1ms' }
                socket = [{ name = 'api', listen = 'unix:\(scene.path("api.sock"))' }]

                """
        }) { supervisor in
            try supervisor.expect("web/0 exited with code 3")
            let pid = try supervisor.ready("web/0")
            let inspection = try inspect(supervisor)
            let leader = try #require(inspection.leader)
            #expect(leader.pid == pid)
            #expect(leader.directory == supervisor.scene.directory)
            #expect(leader.user == geteuid())
            let variables = leader.environment.items
            #expect(variables.first { $0.name == "COLOUR" }?.value == "blue\u{1B}[31m")
            let token = try #require(variables.first { $0.name == "API_TOKEN" })
            #expect(token.value == nil)
            let files = leader.files.items
            #expect(files.first { $0.descriptor == 7 }?.target == supervisor.scene.path("known file"))
            #expect(files.first { $0.descriptor == 3 }?.socket == "unix \(supervisor.scene.path("api.sock")) listening")
            #expect(leader.resourceLimits.contains { $0.name == "Max open files" })
            #expect(inspection.processes.items.count == 2)
            #expect(inspection.processes.items.first?.pid == pid)
            #expect(inspection.processes.items.last?.parent == pid)
            #expect(inspection.processes.items.last?.command == ["sleep", "1000"])
            #expect(inspection.threads.items.map(\.process) == inspection.processes.items.map(\.pid))
            #expect(inspection.incarnations.first?.exit?.code == 3)
            #expect(inspection.log == "terminal")
            #expect(inspection.controlGroup?.path.hasSuffix("/web/0@2") == true)
            #expect(inspection.controlGroup?.statistics != nil)
            #expect(inspection.usage.cpuMicroseconds > 0)
            #expect(inspection.command.first == "/bin/sh")
            #expect(inspection.introspection == nil)

            let (code, text) = try supervisor.cadre("inspect", "web/0")
            #expect(code == 0)
            #expect(text.contains("COLOUR=blue?[31m"))
            #expect(!text.contains("abc"))
        }
    }

    @Test("shows where threads are in the kernel", .needsRoot) func stacks() throws {
        try withSupervisor(service("web", "sleep", "1000")) { supervisor in
            try supervisor.ready("web/0")
            let inspection = try inspect(supervisor)
            let thread = try #require(inspection.threads.items.first)
            #expect(!thread.stack.isEmpty || inspection.problems.contains { $0.contains("stacks") })
            #expect(thread.stack.allSatisfy { !$0.hasPrefix("[<") })
        }
    }

    @Test("tells of a worker that doesn't run what is known all the same") func stopped() throws {
        try withSupervisor(service("web", "sleep", "1000")) { supervisor in
            try supervisor.ready("web/0")
            try supervisor.cadre("stop", "web/0")
            let inspection = try inspect(supervisor)
            #expect(inspection.worker.state == "stopped")
            #expect(inspection.leader == nil)
            #expect(inspection.processes.items.isEmpty)
            #expect(inspection.incarnations.last?.exit?.reason == "stopped")
            #expect(inspection.usage.cpuMicroseconds > 0)
        }
    }

    @Test("names what there is if it doesn't know a worker") func unknown() throws {
        try withSupervisor(service("web", "sleep", "1000")) { supervisor in
            try supervisor.ready("web/0")
            let (code, text) = try supervisor.cadre("inspect", "web/7")
            #expect(code == 4)
            #expect(text.contains("there is no service or worker \"web/7\""))
            #expect(try supervisor.cadre("inspect", "web").code == 64)
        }
    }

    // MARK: What the worker serves

    @Test("shows what the worker serves") func introspection() throws {
        try withScene { scene in
            let listener = try Listener(scene.path("debug.sock"))
            try withIntrospected(listener.path, in: scene) { supervisor in
                let program = try supervisor.begin(["inspect", "web/0", "--json"])
                let connection = try listener.accept()
                let request = try connection.readRequest()
                #expect(request.hasPrefix("GET /debug?w=0 HTTP/1.1\r\n"))
                try connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
                let answer = try #require(try decode(program.finish()).introspection)
                #expect(answer.status == 200)
                #expect(answer.contentType == "text/plain")
                #expect(answer.text == "hello")
                #expect(!answer.isCut)
                #expect(answer.problem == nil)
            }
        }
    }

    @Test("shows the beginning of a long answer") func longAnswer() throws {
        try withScene { scene in
            let listener = try Listener(scene.path("debug.sock"))
            try withIntrospected(listener.path, in: scene) { supervisor in
                let program = try supervisor.begin(["inspect", "web/0", "--json"])
                let connection = try listener.accept()
                _ = try connection.readRequest()
                try connection.write("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: (64 << 10) + 1))
                let answer = try #require(try decode(program.finish()).introspection)
                #expect(answer.text?.utf8.count == 64 << 10)
                #expect(answer.isCut)
            }
        }
    }

    @Test("says so if the worker doesn't answer, or isn't there") func noAnswer() throws {
        try withScene { scene in
            var listener: Listener? = try Listener(scene.path("debug.sock"))
            try withIntrospected(scene.path("debug.sock"), in: scene) { supervisor in
                let late = try withExtendedLifetime(listener) { try inspect(supervisor).introspection?.problem }
                #expect(late == "it did not answer within 2 s")
                listener = nil
                let problem = try #require(try inspect(supervisor).introspection?.problem)
                #expect(problem.contains("ECONNREFUSED"))
            }
        }
    }

    // MARK: Helpers

    private func inspect(_ supervisor: SupervisorProcess) throws -> Inspection {
        try decode(try supervisor.cadre("inspect", "web/0", "--json"))
    }

    private func decode(_ result: (code: Int32, output: String)) throws -> Inspection {
        try #require(result.code == 0, "\(result.output)")
        return try JSONDecoder().decode(Inspection.self, from: Data(result.output.utf8))
    }

    private func withIntrospected(
        _ socket: String, in scene: Scene, _ body: (SupervisorProcess) throws -> Void
    ) throws {
        let path = socket.split(separator: "/").map { "%2F\($0)" }.joined()
        let supervisor = try SupervisorProcess(
            service("web", "sleep", "1000", more: "introspect = 'http+unix://\(path)/debug?w={worker}'"), in: scene)
        try supervisor.ready("web/0")
        try body(supervisor)
        try supervisor.stop()
    }
}

/// A unix socket on which a test answers.
private final class Listener {
    let path: String
    private let descriptor: Descriptor

    init(_ path: String) throws {
        self.path = path
        descriptor = Descriptor(
            owning: try systemCall("socket") { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }
        )
        var address = try #require(UnixAddress(path: path))
        try systemCall("bind") { address.bind(descriptor) }
        try systemCall("listen") { listen(descriptor.rawValue, 8) }
    }

    /// Waits for somebody who connects.
    func accept() throws -> Connection {
        try #require(try isReadable(descriptor.rawValue, until: .now + Machine.patience), "nobody asked")
        return Connection(
            owning: Descriptor(owning: try systemCall("accept") { Glibc.accept(descriptor.rawValue, nil, nil) }))
    }

    struct Connection: ~Copyable {
        private let descriptor: Descriptor

        init(owning descriptor: consuming Descriptor) { self.descriptor = descriptor }

        func readRequest() throws -> String {
            var text = ""
            while !text.hasSuffix("\r\n\r\n") {
                let piece = try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
                    String(decoding: buffer[..<(try descriptor.read(into: buffer))], as: UTF8.self)
                }
                try #require(!piece.isEmpty, "the request ended early: \(text)")
                text += piece
            }
            return text
        }

        func write(_ text: String) throws {
            try descriptor.write(text)
        }
    }
}
