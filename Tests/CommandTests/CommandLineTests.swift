import Glibc
import Testing

/// The exit codes and words that scripts and people rely on.
@Suite struct CommandLineTests {
    private func cadre(_ arguments: String...) throws -> (code: Int32, output: String) {
        try run([Machine.cadre] + arguments)
    }

    @Test("a command line that is wrong ends with 64 and says what to write")
    func usage() throws {
        #expect(try cadre("stop").code == 64)
        #expect(try cadre("stop").output.contains("name the services or workers to stop, or say --all"))
        #expect(try cadre("stop", "web", "--all").code == 64)
        #expect(try cadre("start").code == 64)
        #expect(try cadre("run").code == 64)
        #expect(try cadre("run", "-n", "0", "--", "true").code == 64)
        #expect(try cadre("run", "--memory", "512X", "--", "true").output.contains("--memory: "))
        #expect(try cadre("supervise", "--no-such-option").code == 64)
        #expect(try cadre("supervise", "--log", "nowhere").code == 64)
        #expect(try cadre("no-such-command").code == 64)
    }

    @Test("help and version end with 0, and help tells the exit codes")
    func help() throws {
        let (code, output) = try cadre("--help")
        #expect(code == 0 && output.contains("Exit codes: 0 done;"))
        #expect(try cadre("supervise", "--help").output.contains("--log"))
        #expect(try cadre("--version").code == 0)
    }

    @Test("security looks at a file, without a supervisor")
    func security() throws {
        try withScene { scene in
            let file = try scene.write(
                "cadre.toml",
                """
                [service.api]
                command = ["a"]
                [service.web]
                command = ["a"]
                user = "nobody"
                sandbox = { private_network = true, system_call_filter = ["@system-service"] }
                """)
            let overview = try cadre("security", "--config", file)
            #expect(overview.code == 0)
            let rows = overview.output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(rows.map(\.first) == ["SERVICE", "api", "web"])
            let exposures = rows.dropFirst().compactMap { Double($0[1]) }
            #expect(exposures.count == 2 && exposures[0] > exposures[1], "\(overview.output)")
            let details = try cadre("security", "web", "--config", file).output
            #expect(details.contains("✓ sandbox.private_network") && details.contains("✗ sandbox.private_tmp"))
            #expect(details.contains("Worth most:\n  -"))
            let json = try cadre("security", "api", "--json", "--config", file).output
            #expect(json.contains("\"worthMost\"") && json.contains("\"sandbox.system_call_filter\""))
            #expect(try cadre("security", "nobody", "--config", file).output.contains("the services are api, web"))
        }
    }

    @Test("every subcommand has help, also the one that passes a command line through")
    func helpOfEach() throws {
        let names = try cadre("--help").output.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("  "), let name = line.dropFirst(2).prefixMatch(of: /[a-z]+/) else { return nil }
            return line.dropFirst(2 + name.output.count).hasPrefix("  ") ? String(name.output) : nil
        }
        #expect(names.count > 15)
        for name in names {
            for flag in ["--help", "-h"] {
                let (code, output) = try cadre(name, flag)
                #expect(code == 0 && output.contains("USAGE: cadre \(name)"), "\(name) \(flag): \(output)")
            }
        }
        #expect(try cadre("run", "--version").code == 0)
        #expect(try cadre("run", "--no-such-option", "--", "true").code == 64)
    }

    @Test("where there is no supervisor the code is 3, and the sentence says how to start one")
    func noSupervisor() throws {
        for arguments in [["status"], ["stop", "web"], ["stop", "--all"], ["start", "web"]] {
            let (code, output) = try run([Machine.cadre] + arguments + ["--socket", "/no/such/socket"])
            #expect(code == 3 && output.contains("no supervisor listens at /no/such/socket; start one"))
        }
    }

    @Test("a file with problems ends with 2, for check as for supervise", .needsControlGroups)
    func badFile() throws {
        try withScene { scene in
            let file = try scene.write("bad.toml", "[service.web]\ncommand = []\nworker = 3\n")
            for command in ["check", "supervise"] {
                let (code, output) = try run(
                    [Machine.cadre, command] + (command == "check" ? [file] : ["--config", file]))
                #expect(code == 2)
                #expect(output.contains("\(file):2: service.web.command: "))
                #expect(output.contains("\(file):3: service.web.worker: unknown key; did you mean \"workers\"?"))
            }
            #expect(try cadre("supervise", "--config", scene.path("missing.toml")).code == 2)
            let good = try scene.write("good.toml", service("web", "sleep"))
            let (code, output) = try cadre("check", good)
            #expect(code == 0 && output == "\(good): 1 service: web")
        }
    }

    @Test("a name that nothing has ends with 4, and the sentence lists what there is", .needsControlGroups)
    func unknownName() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            for name in ["wbe", "web/1", "web/x", "web/-1", "", "/", "web/0/0"] {
                for command in ["stop", "start", "status"] {
                    let (code, output) = try supervisor.cadre(command, name)
                    #expect(code == 4, "\(command) \(name)")
                    #expect(output.contains("there is no service or worker \"\(name)\"; the services are web"))
                }
            }
        }
    }
}
