import Glibc
import Testing

/// `cadre import`, and that what it writes runs.
@Suite struct ImportTests {
    /// Each is a worker that says with what it was started, and waits.
    private static let script = #"echo \"$@ PORT=$PORT\"; exec sleep 1000"#

    private static let examples: [(name: String, text: String, word: String)] = [
        (
            "supervisord.conf",
            """
            [supervisord]
            loglevel = info
            [program:web]
            command = /bin/sh -c "\(script)" sh "%(program_name)s a'b" number-%(process_num)02d   ; a comment
            environment = PORT="1%%"
            numprocs = 2
            process_name = %(program_name)s_%(process_num)02d
            """, "web a'b number-01 PORT=1%"
        ),
        (
            "circus.ini",
            """
            [circus]
            check_delay = 5
            [env:web]
            PORT = $(circus.env.HOME)
            [watcher:web]
            cmd = /bin/sh -c "\(script)"
            args = sh {number} $(circus.wid)
            numprocesses = 2
            """, "{number} 1 PORT="
        ),
        ("Procfile", "web: echo \"web $PS PORT=$PORT\"; sleep 1000\nthis is nothing\n", "web web.1 PORT=5001"),
        (
            "ecosystem.config.json",
            #"""
            { "apps": [{ "name": "web", "script": "/bin/sh", "interpreter": "none", "instances": 2,
              "args": ["-c", "echo \"$@ PORT=$PORT\"; exec sleep 1000", "sh", "{x}"], "watch": true,
              "env": { "PORT": 4000 }, "increment_var": "PORT" }] }
            """#, "{x} PORT=4001"
        ),
        (
            "web@.service",
            """
            [Unit]
            After=network.target
            [Service]
            Environment=PORT=90%i "WORDS=a b"
            ExecStart=/bin/sh -c 'echo "$$@ PORT=$$PORT"; exec sleep 1000' sh %p-%i "${WORDS}" $HOME
            """, "web-1 a b "
        ),
    ]

    @Test("what is imported of each format passes check, and runs", .needsControlGroups, arguments: examples.indices)
    func runs(index: Int) throws {
        let (name, text, word) = Self.examples[index]
        try withScene { scene in
            let file = try scene.write(name, text)
            let output = scene.path("cadre.toml")
            let (code, told) = try run(
                [Machine.cadre, "import", file, "--output", output, "--formation", "web=2"],
                environment: ["HOME": "/root"])
            #expect(code == 0, "\(told)")
            #expect(told.contains("\(output): 1 service: web"))
            #expect(told.contains("\(file):") && told.contains("not carried over: "), "\(told)")
            #expect(try run([Machine.cadre, "check", output]).output == "\(output): 1 service: web")

            let supervisor = try RunningProgram(
                [
                    Machine.cadre, "supervise", "--config", output, "--cgroup", scene.cgroup, "--runtime-directory",
                    scene.path("run"), "--log", "terminal",
                ], environment: ["HOME": "/root"])
            try supervisor.expect(["web/1", word])
            try supervisor.signal(SIGTERM)
            #expect(try supervisor.finish().code == 0)
        }
    }

    @Test("a file that is there stays unless one says --force, and so does one that nothing can be made of")
    func overwriting() throws {
        try withScene { scene in
            let file = try scene.write("Procfile", "web: true\n")
            let output = try scene.write("cadre.toml", "mine\n")
            let refused = try run([Machine.cadre, "import", file, "--output", output])
            #expect(
                refused.code == 1
                    && refused.output.contains("\(output) is there already; write to another file, or add --force"))
            #expect(try run(["cat", output]).output == "mine")
            #expect(try run([Machine.cadre, "import", file, "--output", output, "--force"]).code == 0)
            #expect(try run([Machine.cadre, "check", output]).code == 0)

            let empty = try scene.write("empty.conf", "[supervisord]\nloglevel=info\n")
            let nothing = try run([Machine.cadre, "import", empty, "--output", output, "--force"])
            #expect(nothing.code == 2 && nothing.output.contains("nothing in it could be carried over as supervisord"))
            #expect(nothing.output.contains("\(empty):2: supervisord.loglevel: "))
            #expect(try run([Machine.cadre, "check", output]).code == 0)
            let unknown = try run([Machine.cadre, "import", try scene.write("a.txt", "web: true\n")])
            #expect(
                unknown.code == 2
                    && unknown.output.contains("add --format with one of supervisord, circus, procfile, pm2"))
            #expect(try run([Machine.cadre, "import", scene.path("a.txt"), "--format", "procfile"]).code == 0)
            #expect(
                try run([Machine.cadre, "import", scene.path("missing")]).output.contains("the file cannot be read"))
            let program = try run([Machine.cadre, "import", try scene.write("ecosystem.config.js", "x")])
            #expect(program.code == 2 && program.output.contains("JSON.stringify(require('./ecosystem.config.js'))"))
        }
    }

    @Test(
        "what is no text, or too much of it, ends with a sentence; a byte order mark and a thousand processes do no harm"
    )
    func nasty() throws {
        try withScene { scene in
            func told(_ name: String, _ text: String, _ arguments: String...) throws -> (code: Int32, output: String) {
                try run([Machine.cadre, "import", try scene.write(name, text)] + arguments)
            }
            for (text, problem) in [
                ("", "the file is empty"), (" \n\t\n", "the file is empty"),
                (String(repeating: "#", count: 1 << 20) + "\n", "the file is larger than 1 MiB"),
            ] {
                let (code, output) = try told("app.conf", text)
                #expect(code == 2 && output.hasPrefix("\(scene.path("app.conf")): \(problem)"), "\(output)")
            }
            try shell("printf '\\377\\376' >\"$1\"", scene.path("binary.conf"))
            let binary = try run([Machine.cadre, "import", scene.path("binary.conf")])
            #expect(binary.code == 2 && binary.output.hasSuffix("the file is not UTF-8; save it in that encoding"))
            let directory = try run([Machine.cadre, "import", scene.directory])
            #expect(directory.code == 2 && directory.output.contains("this is not a regular file"))
            #expect(try told("nested.json", String(repeating: "[", count: 100_000)).output.contains("deeper than 64"))

            #expect(try told("marked.conf", "\u{FEFF}[program:web]\r\ncommand=/bin/true\r\n").code == 0)
            // They name each other, and themselves.
            try scene.write("b.conf", "[include]\nfiles=a.conf b.conf\n[program:b]\ncommand=/bin/true\n")
            let circle = try told("a.conf", "[include]\nfiles=*.conf\n[program:a]\ncommand=/bin/true\n")
            #expect(circle.code == 0 && circle.output.contains("[service.a]") && circle.output.contains("[service.b]"))
            // Most of them are given a port that there isn't.
            let lines = (0..<1000).map { "w\($0): sleep 1\n" }.joined()
            #expect(try told("Procfile", lines, "--output", scene.path("cadre.toml")).code == 0)
        }
    }

    @Test("users and directories that aren't here are told, and JSON has all of it") func host() throws {
        try withScene { scene in
            let file = try scene.write(
                "supervisord.conf", "[program:web]\ncommand=true\nuser=nobody-here\ndirectory=/no/such\npriority=x\n")
            let told = try run([Machine.cadre, "import", file])
            #expect(
                told.code == 0 && told.output.contains("\(file):3: program:web.user: there is no user \"nobody-here\""))
            #expect(!(try run([Machine.cadre, "import", file, "--files-only"]).output.contains("there is no user")))
            let json = try run([Machine.cadre, "import", file, "--json", "--files-only"]).output
            for part in [
                "\"format\" : \"supervisord\"", "\"kind\" : \"dropped\"", "\"key\" : \"program:web.priority\"",
                "\"line\" : 5",
                "\"toml\" : \"# Made by `cadre import`",
            ] {
                #expect(json.contains(part), "\(json)")
            }
            #expect(try run([Machine.cadre, "import", file, "--formation", "web"]).code == 64)
            #expect(try run([Machine.cadre, "import", file, "--force"]).code == 64)
            let unknown = try run([Machine.cadre, "import", file, "--formation", "api=2"])
            #expect(
                unknown.code == 2
                    && unknown.output.contains("there is no service api for --formation; the services are web"))
        }
    }
}
