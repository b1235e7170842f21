import Glibc
import Testing

@Suite(.needsControlGroups) struct RunCommandTests {
    /// `cadre run` in a scene.
    private func begin(_ scene: Scene, _ arguments: String...) throws -> RunningProgram {
        let place = ["--cgroup", scene.cgroup, "--runtime-directory", scene.path("run")]
        return try RunningProgram([Machine.cadre, "run"] + place + arguments, in: scene.directory)
    }

    @Test("it ends with 0 when all workers are done")
    func done() throws {
        try withScene { scene in
            let program = try begin(scene, "-n", "3", "--restart", "never", "--", "true")
            #expect(try program.finish().code == 0)
            #expect(access(scene.path("run"), F_OK) == -1)
            #expect(!scene.hasGroup("true"))
        }
    }

    @Test("it ends with 5 when a worker has failed for good")
    func failed() throws {
        try withScene { scene in
            let (code, output) = try begin(scene, "--restart", "never", "--", "false").finish()
            #expect(code == 5 && output.contains("false/0 has failed: its last end was exit 1"))
        }
    }

    @Test("a program that can't be executed is refused at once, and so is a configuration file")
    func noProgram() throws {
        try withScene { scene in
            try scene.write("cadre.toml", "")
            try scene.write("server.py", "")
            for (arguments, reason) in [
                (["no-such-program"], "Error: no-such-program is in none of the directories of PATH (/"),
                (["-e", "PATH=/nowhere", "true"], "Error: true is in none of the directories of PATH (/nowhere)"),
                (["./no/such"], "Error: there is no program ./no/such"),
                (
                    ["./server.py"],
                    "Error: ./server.py isn't executable; make it so (chmod +x), or name its interpreter"
                ),
                (
                    ["cadre.toml"],
                    "Error: cadre.toml is no program; for a configuration file: cadre supervise --config cadre.toml"
                ),
            ] {
                let program = try RunningProgram([Machine.cadre, "run"] + arguments, in: scene.directory)
                let (code, output) = try program.finish()
                #expect(code == 64 && output.contains(reason), "\(output)")
            }
        }
    }

    @Test("the example answers, goes on when a worker is killed, and stops in time")
    func example() throws {
        let (code, output) = try run([
            "/usr/bin/env", "PATH=\(Machine.products):/usr/bin:/bin", "PORT=\(try freePort())",
            "\(Machine.source)/examples/hello/run",
        ])
        #expect(code == 0, "\(output)")
        #expect(output.contains("hello/0 was killed by SIGKILL") && output.contains("hello/0 is started again"))
        #expect(output.contains("hello from hello/"))
        #expect(!output.contains("did not stop in time"), "\(output)")
    }

    @Test("output is printed line by line behind the worker's name, the last line without an end too")
    func output() throws {
        try withScene { scene in
            let script = #"echo "out of $CADRE_WORKER"; echo problem >&2; printf 'no end'"#
            let output = try begin(
                scene, "-n", "2", "--name", "web", "--restart", "never", "--", "sh", "-c", script
            ).finish().output.split(separator: "\n")
            for line in ["out of {worker}", "problem", "no end"] {
                for number in 0..<2 {
                    let expected = line.split(separator: "{worker}", omittingEmptySubsequences: false)
                        .joined(separator: "\(number)")
                    #expect(output.contains("web/\(number)    | \(expected)"))
                }
            }
        }
    }

    @Test("{worker} stands for the number, and other braces for themselves")
    func braces() throws {
        try withScene { scene in
            let program = try begin(
                scene, "--name", "web", "--restart", "never", "--", "sh", "-c", #"echo '{service}/{worker} {print $1}'"#
            )
            #expect(try program.finish().output.contains("web/0    | web/0 {print $1}"))
        }
    }

    @Test("it runs in the directory where it was called, with the variables that were given")
    func surroundings() throws {
        try withScene { scene in
            let program = try begin(
                scene, "--name", "web", "--restart", "never", "-e", "COLOUR=green {worker}", "--", "sh", "-c",
                "pwd; echo $COLOUR")
            let output = try program.finish().output
            #expect(output.contains("| \(scene.directory)") && output.contains("| green 0"))
        }
    }

    @Test("Ctrl-C stops all, and that is no failure")
    func interrupted() throws {
        try withScene { scene in
            let program = try begin(scene, "-n", "2", "--name", "web", "--", Machine.worker, "sleep")
            for number in 0..<2 { try program.expect(["web/\(number) is ready"]) }
            try program.signal(SIGINT)
            #expect(try program.finish().code == 0)
            #expect(!scene.hasGroup("web"))
        }
    }
}
