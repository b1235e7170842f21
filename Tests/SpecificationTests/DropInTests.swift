import CLinux
import Reactor
import Specification
import Supervision
import Testing

@Suite struct DropInTests {
    /// The descriptions of the problems of loading, with the directory's path as `DIR`.
    private func complaints(in directory: Directory, _ body: () throws -> Void) -> [String] {
        do {
            try body()
            return []
        } catch let error as SpecificationError {
            return error.problems.map { $0.description.replacing(directory.path, with: "DIR") }
        } catch {
            return ["\(error)"]
        }
    }

    @Test("a drop-in overrides single keys and adds services; arrays are replaced")
    func merging() throws {
        let base = """
            [service.web]
            command = ["app", "-v"]
            workers = 2
            environment = { A = "1", B = "2" }
            [[service.web.socket]]
            listen = ":80"
            [service.web.restart]
            budget = 3
            """
        let dropIn = """
            service.web.environment.B = "3"
            service.web.restart.delay = 1
            service.web.socket = [{ listen = ":81" }]
            service.web.command = ["app"]
            service.job.command = ["job"]
            """
        let services = try Specification.parse([("a", base), ("b", dropIn)]).services
        #expect(services.map(\.name) == ["job", "web"])
        let web = try #require(services.last)
        #expect(web.command == ["app"])
        #expect(web.workers == .count(2))
        #expect(web.environment == ["A": "1", "B": "3"])
        #expect(web.sockets.compactMap(\.address?.description) == [":81"])
        #expect(web.policy.restart.budget == 3 && web.policy.restart.delay == .seconds(1))
    }

    @Test("a problem is reported in the file that has it, and all files' are reported together")
    func places() {
        let sources = [
            ("a", "[service.web]\ncommand = [\"app\"]\nlimits.memory_max = \"1G\"\nworkers = -1\n"),
            ("b", "\nservice.web.limits.memory_high = \"2G\"\n"), ("c", "service.web.workers = \"x\"\nx = 1\n"),
        ]
        #expect(
            SpecificationTests.complaints(sources) == [
                "b:2: service.web.limits.memory_high: 2G is above memory_max (1G), so it would never be reached; write less",
                "c:1: service.web.workers: \"x\" is not a number of workers; write 0 to 10000, or \"cpus\"",
                "c:2: x: unknown key; known here: healthy_percentage, service, control, metrics",
            ])
    }

    @Test("a value that is a table in one file and not in the other is reported where it is replaced")
    func kinds() {
        let base = "[service.web]\ncommand = [\"app\"]\n[service.web.stop]\ntimeout = 1\n"
        #expect(
            SpecificationTests.complaints([("a", base), ("b", "service.web.stop = 1\n")])
                == ["b:1: service.web.stop: 1 is an integer, not a table; write [service.web.stop]"])
    }

    @Test("where a file isn't TOML, others are still read, and what may be missing because of it isn't asked for")
    func partial() {
        let problems = SpecificationTests.complaints([("a", "[service.web\n"), ("b", "service.web.workers = -1\n")])
        #expect(problems.count == 2)
        #expect(problems.first?.hasPrefix("a:1: this is not TOML: ") == true)
        #expect(problems.last?.hasPrefix("b:1: service.web.workers: -1") == true)
    }

    @Test("drop-ins are read in the order of their names' bytes, and only *.toml that isn't hidden")
    func order() throws {
        try withTemporaryDirectory { directory in
            let file = try directory.write("cadre.toml", "[service.web]\ncommand = [\"app\"]\n")
            #expect(try Specification.load(file: file).services.map(\.workers) == [.count(1)])

            try directory.makeDirectory("conf.d")
            try directory.write("conf.d/a.toml", "service.web.workers = 4\n")
            try directory.write("conf.d/B.toml", "service.web.workers = 3\n")
            try directory.write("conf.d/10.toml", "service.web.workers = 2\n")
            for name in [".hidden.toml", "z.toml~", "z.conf"] {
                try directory.write("conf.d/\(name)", "service.web.workers = 9\n")
            }
            #expect(try Specification.load(file: file).services.map(\.workers) == [.count(4)])

            let other = try directory.makeDirectory("other")
            try directory.write("other/x.toml", "service.web.workers = 7\n")
            #expect(try Specification.load(file: file, dropIns: other).services.map(\.workers) == [.count(7)])
        }
    }

    @Test("what cannot be read is reported, together with what is wrong with the rest")
    func unreadable() throws {
        try withTemporaryDirectory { directory in
            let missing = "\(directory.path)/missing.toml"
            try directory.makeDirectory("conf.d")
            try directory.makeDirectory("conf.d/directory.toml")
            try directory.write("conf.d/large.toml", String(repeating: "#", count: 1 << 20) + "\n")
            try directory.write("conf.d/latin.toml", bytes: Array("# a\n# ".utf8) + [0xE4, 0x0A])
            try directory.write("conf.d/wrong.toml", "x = 1\n")
            #expect(
                complaints(in: directory) { _ = try Specification.load(file: missing) } == [
                    "DIR/conf.d/directory.toml: this is not a regular file; name a TOML file",
                    "DIR/conf.d/large.toml: the file is larger than 1 MiB; this is no configuration of Cadre's",
                    "DIR/conf.d/latin.toml:2: the line is not UTF-8; save the file in that encoding",
                    "DIR/conf.d/wrong.toml:1: x: unknown key; known here: healthy_percentage, service, control, metrics",
                    "DIR/missing.toml: the file cannot be read: open DIR/missing.toml: No such file or directory (ENOENT)",
                ])
        }
    }

    @Test("a directory of drop-ins that is named must exist")
    func missingDirectory() throws {
        try withTemporaryDirectory { directory in
            let file = try directory.write("cadre.toml", "")
            let dropIns = "\(directory.path)/none"
            #expect(
                complaints(in: directory) { _ = try Specification.load(file: file, dropIns: dropIns) }
                    == ["DIR/none: the directory cannot be read: No such file or directory (ENOENT)"])
        }
    }

    @Test("a device is no configuration, and a named pipe without a writer doesn't block")
    func specialFiles() throws {
        #expect(throws: SpecificationError(problems: [notRegular("/dev/null")])) {
            try Specification.load(file: "/dev/null")
        }
        try withTemporaryDirectory { directory in
            let pipe = "\(directory.path)/pipe.toml"
            try #require(mkfifo(pipe, 0o600) == 0)
            defer { unlink(pipe) }
            #expect(
                throws: SpecificationError(problems: [notRegular(pipe)]),
                performing: { try Specification.load(file: pipe) })
        }
    }

    private func notRegular(_ file: String) -> SpecificationError.Problem {
        .init(file: file, message: "this is not a regular file; name a TOML file")
    }
}
