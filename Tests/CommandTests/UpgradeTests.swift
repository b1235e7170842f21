import Cadre
import ControlAPI
import Glibc
import Processes
import Reactor
import Testing

/// `cadre upgrade`: another program in the supervisor's place.
@Suite(.needsControlGroups) struct UpgradeTests {
    private func toml(_ scene: Scene) -> String {
        service(
            "web", "serve", workers: 2,
            more: "ready.by = 'notify'\nsocket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]")
    }

    private func pids(_ supervisor: SupervisorProcess) throws -> [Int32?] {
        try supervisor.status().services.flatMap { $0.workers.map(\.pid) }
    }

    /// What must be as it was, after an upgrade that failed.
    private func expectUntouched(
        _ supervisor: SupervisorProcess, _ workers: [Int32], at location: SourceLocation = #_sourceLocation
    ) throws {
        let now = try supervisor.status()
        #expect(now.services[0].workers.map(\.pid) == workers, sourceLocation: location)
        #expect(now.services[0].workers.allSatisfy { $0.restarts == 0 }, sourceLocation: location)
        #expect(
            workers.contains(try Client(path: supervisor.scene.path("http")).ask()), sourceLocation: location)
    }

    @Test("the same program: workers and descriptors stay, clients get every answer, and events tell of it")
    func sameProgram() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let client = Client(path: supervisor.scene.path("http"))
            let (before, held) = (supervisor.pid, try supervisor.settledDescriptorCounts())
            for _ in 0..<3 {
                let upgrade = try supervisor.begin(["upgrade"])
                while try !supervisor.hasPrinted("going on with 2 running workers, as the supervisor is upgraded") {
                    #expect(workers.contains(try client.ask()))
                }
                let (code, output) = try upgrade.finish()
                #expect(code == 0 && output.hasPrefix("the supervisor is \(Machine.cadre) now (version "), "\(output)")
                try supervisor.expect("upgrading to \(Machine.cadre)")
                try expectUntouched(supervisor, workers)
            }
            #expect(supervisor.pid != before)
            supervisor.expectDescriptorCounts(held)
            #expect(try supervisor.ask { try await $0.about() }.startReason == "upgrade")
        }
    }

    @Test("another program by its path, and back; a worker that dies and a reload go on as usual")
    func otherProgram() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let copy = supervisor.scene.path("cadre-2")
            try shell(#"cp "$1" "$2""#, Machine.cadre, copy)
            let (code, output) = try supervisor.cadre("upgrade", copy)
            #expect(code == 0 && output.hasPrefix("the supervisor is \(copy) now"), "\(output)")
            #expect(try readLink("/proc/\(supervisor.pid)/exe") == copy)
            try expectUntouched(supervisor, workers)
            kill(workers[0], SIGKILL)
            try supervisor.expect("web/0 was killed by SIGKILL")
            let next = try supervisor.ready("web/0")
            // What is started again after a death is the new program, even if its file is gone.
            unlink(copy)
            try supervisor.expect("going on with")
            try supervisor.replace()
            #expect(try readLink("/proc/\(supervisor.pid)/exe") == "\(copy) (deleted)")
            let (missing, text) = try supervisor.cadre("upgrade")
            #expect(missing == 4 && text.contains(copy) && text.contains("No such file or directory"), "\(text)")
            #expect(try supervisor.cadre("upgrade", Machine.cadre).code == 0)
            #expect(try readLink("/proc/\(supervisor.pid)/exe") == Machine.cadre)
            #expect(try pids(supervisor) == [next, workers[1]])
        }
    }

    @Test(
        "a program that doesn't come up is followed by the one before, which says why; nothing else happens",
        arguments: [
            ("#!/bin/sh\nexit 3\n", "exited with code 3"),
            ("#!/bin/sh\nkill -SEGV $$\n", "was killed by SIGSEGV"),
            ("#!/bin/sh\nexec sleep 1000\n", "gave no sign of life and was killed"),
            ("#!/bin/sh\ntrap '' ABRT\nexec sleep 1000\n", "gave no sign of life and was killed"),
            ("#!/nonexistent\n", "No such file or directory"),
            ("this is no program", "Exec format error"),
        ])
    func failure(script: String, cause: String) throws {
        try withSupervisor(toml, options: ["--core-start-timeout", "2s"]) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let program = try supervisor.scene.writeProgram("new", script)
            let (code, output) = try supervisor.cadre("upgrade", program)
            #expect(code == 1)
            #expect(output.contains("\(program) did not come up as a supervisor (it ") && output.contains(cause))
            #expect(output.hasSuffix("so the one before goes on"), "\(output)")
            try supervisor.expect("error: the new program did not come up (it ", cause)
            #expect(try readLink("/proc/\(supervisor.pid)/exe") == Machine.cadre)
            try expectUntouched(supervisor, workers)
            // The keeper is as it was, too.
            #expect(try supervisor.cadre("upgrade").code == 0)
            try supervisor.replace()
            try expectUntouched(supervisor, workers)
        }
    }

    @Test("what is missing, no program or not to be executed is refused before anything happens")
    func refused() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let pid = supervisor.pid
            let (missing, text) = try supervisor.cadre("upgrade", supervisor.scene.path("nothing"))
            #expect(missing == 64 && text.contains("there is no program \(supervisor.scene.path("nothing"))"))
            let (directory, other) = try supervisor.cadre("upgrade", supervisor.scene.directory)
            #expect(directory == 4 && other.contains("is no file"), "\(other)")
            let plain = try supervisor.scene.write("plain", "#!/bin/sh\n")
            let (locked, reason) = try supervisor.cadre("upgrade", plain)
            #expect(locked == 4 && reason.contains("cannot upgrade to \(plain): ") && reason.contains("EACCES"))
            let relative = try supervisor.request(
                "POST", "/v1/upgrade", #"{"program": "cadre"}"#, headers: ["Content-Type: application/json"])
            #expect(relative.status == 422 && relative.body.contains("cadre is no absolute path"), "\(relative.body)")
            #expect(supervisor.pid == pid)
            try expectUntouched(supervisor, workers)
        }
    }

    @Test("only the owner may name a program; who may command may have the installed one started", .needsRoot)
    func access() throws {
        try withSupervisor({ "[control]\ngroup = 'daemon'\n" + toml($0) }) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let asMember = ["setpriv", "--reuid=65534", "--regid=65534", "--groups=1"]
            let upgrade = asMember + [Machine.cadre, "upgrade", "--socket", supervisor.socket]
            let pid = supervisor.pid
            let (code, output) = try run(upgrade + ["/bin/true"])
            #expect(code == 4 && output.contains("have another program run"), "\(output)")
            #expect(supervisor.pid == pid)
            #expect(try run(upgrade).code == 0)
            try expectUntouched(supervisor, workers)
        }
    }

    @Test("of two at once one is done, and the other is refused")
    func twice() throws {
        try withSupervisor(toml) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let first = try connect(to: supervisor.socket)
            let second = try connect(to: supervisor.socket)
            let request = requestText("POST", "/v1/upgrade", "{}", headers: ["Content-Type: application/json"])
            try send(request, to: first)
            try send(request, to: second)
            let answers = [
                try SupervisorProcess.Answer(try first.readText()), try SupervisorProcess.Answer(try second.readText()),
            ]
            #expect(answers.map(\.status).sorted() == [202, 409])
            #expect(answers.contains { $0.body.contains("another upgrade is under way") })
            try supervisor.expect("going on with 2 running workers, as the supervisor is upgraded")
            try expectUntouched(supervisor, workers)
        }
    }

    @Test("during a roll-out: it goes on where it was, each worker is replaced once, and no request fails")
    func duringRollout() throws {
        func toml(_ scene: Scene, _ release: Int) -> String {
            service(
                "web", "serve", "\(release)", workers: 6,
                more: """
                    ready.by = 'notify'
                    socket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]
                    [service.web.rollout]
                    min_ready = '100ms'
                    """)
        }
        try withSupervisor({ toml($0, 1) }) { supervisor in
            let old = try (0..<6).map { try supervisor.ready("web/\($0)") }
            let client = Client(path: supervisor.scene.path("http"))
            try supervisor.reload(toml(supervisor.scene, 2))
            while try !supervisor.hasPrinted("web/0 was replaced") { _ = try client.ask() }
            let upgrade = try supervisor.begin(["upgrade"])
            while try !supervisor.hasPrinted("as the supervisor is upgraded") { _ = try client.ask() }
            for number in 1..<6 {
                while try !supervisor.hasPrinted("web/\(number) was replaced") { _ = try client.ask() }
            }
            #expect(try upgrade.finish().code == 0)
            try supervisor.expect("the roll-out of web is done, all of it runs")
            let workers = try supervisor.status().services[0].workers
            #expect(workers.map(\.restarts) == [1, 1, 1, 1, 1, 1])
            #expect(Set(workers.compactMap(\.pid)).isDisjoint(with: old))
        }
    }
}
