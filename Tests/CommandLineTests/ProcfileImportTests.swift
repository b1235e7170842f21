import Specification
import Supervision
import Testing

@testable import CadreCommand

@Suite("Import of a Procfile") struct ProcfileImportTests {
    private static let example = """
        # What runs.
        web: bundle exec puma -p $PORT -C config/puma.rb
        worker: QUEUE=* bundle exec rake "jobs:work {x}"
        assets:   bin/build && bin/watch
        api: node server.js ${PORT}0 $PORTS

        this is nothing
        """

    @Test("each process has its port, its shell if it needs one, and the variables beside the file") func example()
        throws
    {
        let imported = try Imported(
            Self.example, name: "Procfile", files: ["/srv/app/.env": "RACK_ENV=production\n"],
            formation: ["web": 3, "all": 2])
        #expect(imported.specification.services.map(\.name) == ["api", "assets", "web", "worker"])
        let web = try imported.service("web")
        #expect(web.command == ["bundle", "exec", "puma", "-p", "{port}", "-C", "config/puma.rb"])
        #expect(web.port == 5000 && web.workers == .count(3) && web.directory == "/srv/app")
        #expect(web.environment == ["PORT": "{port}", "PS": "web.{worker}"] && web.environmentFile == "/srv/app/.env")
        #expect(web.policy.restart.condition == .always && web.policy.stopTimeout == .seconds(5))
        #expect(web.policy.rollout.maxSurge == .count(0))
        let worker = try imported.service("worker")
        #expect(worker.command == ["/bin/sh", "-c", #"QUEUE=* bundle exec rake "jobs:work {{x}}""#])
        #expect(worker.port == 5100 && worker.workers == .count(2))
        #expect(try imported.service("assets").command == ["/bin/sh", "-c", "bin/build && bin/watch"])
        #expect(try imported.service("api").command == ["/bin/sh", "-c", "exec node server.js ${{PORT}}0 $PORTS"])
        #expect(imported.remarks.map(\.line) == [7])
    }

    @Test("PORT of .env is where ports begin, and a line that is only foreman's is told of") func environment() throws {
        let port = try Imported("web: a\n", name: "Procfile", files: ["/srv/app/.env": "PORT=3000\n"])
        #expect(try port.service("web").port == 3000)
        #expect(port.remarks.map(\.description).first?.hasPrefix(".env: PORT: take it out of the file") == true)
        let export = try Imported("web: a\n", name: "x/Procfile.dev", files: ["/srv/app/.env": "A=1\nexport B=2\n"])
        #expect(try export.service("web").environmentFile == nil)
        #expect(export.remarks.map(\.line) == [2] && export.remarks.map(\.file) == ["x/.env"])
    }

    @Test("what is called release is done before the others start") func release() throws {
        let imported = try Imported("web: a\nrelease: bin/migrate\n", name: "Procfile")
        #expect(try imported.service("release").policy.type == .oneshot)
        #expect(try imported.service("web").requires == ["release": .completed])
    }

    @Test("a formation for what isn't there is refused") func formation() throws {
        #expect(throws: ImportError.self) { try Imported("web: a\n", name: "Procfile", formation: ["wbe": 2]) }
    }

    @Test(
        "a line that needs no shell has none",
        arguments: [
            ("a b", ["a", "b"]), ("a 'b c'", ["a", "b c"]), ("a \"b\"", ["a", "b"]), ("a $X", nil), ("a \"$X\"", nil),
            ("a '$X'", ["a", "$X"]), ("A=1 b", nil), ("a | b", nil), ("a; b", nil), ("a > b", nil), ("a *", nil),
            ("cd x", nil), ("a `b`", nil), ("a ~/b", nil), ("a {b,c}", nil), ("a #b", nil), ("a 'b", nil), ("", nil),
            ("exec a", nil), (#"a\ b"#, nil), ("./a=b", nil),
        ])
    func shell(line: String, expected: [String]?) {
        #expect(ShellWords.plainCommand(line) == expected)
    }
}
