import Specification
import Supervision
import Testing

/// `after`, `requires`, `type` and `essential` in a document.
@Suite struct OrderDecoderTests {
    /// A service for each name, and lines for the last of them.
    private func document(_ names: String..., lines: String) -> String {
        names.map { "[service.\($0)]\ncommand = [\"a\"]\n" }.joined() + lines + "\n"
    }

    @Test("services name those that come first, and how far those must be")
    func references() throws {
        let text = document(
            "db", "cache", "web", lines: "after.cache = \"started\"\nrequires = { db = \"ready\" }\nessential = true")
        let web = try #require(try Specification.parse([("a", text)]).services.last)
        #expect(web.after == ["cache": .started] && web.requires == ["db": .ready] && web.isEssential)
        #expect(
            web.dependencies == [
                Dependency("cache", .started, isRequired: false), Dependency("db", .ready, isRequired: true),
            ])
    }

    @Test("a drop-in adds a service that comes first, or changes how far one must be")
    func dropIn() throws {
        let text = document("db", "web", lines: "requires = { db = \"started\" }")
        let more = document("log", lines: "[service.web.requires]\ndb = \"ready\"\nlog = \"ready\"")
        let web = try #require(try Specification.parse([("a", text), ("b", more)]).services.last)
        #expect(web.requires == ["db": .ready, "log": .ready])
    }

    @Test("a oneshot is restarted when it fails, unless it says otherwise")
    func oneshot() throws {
        let job = try service(withLines: "type = \"oneshot\"\nrestart.budget = 3")
        #expect(job.policy.type == .oneshot && job.policy.restart.condition == .onFailure)
        let once = try service(withLines: "type = \"oneshot\"\nrestart.policy = \"never\"")
        #expect(once.policy.restart.condition == .never)
        #expect(try service(withLines: "").policy.restart.condition == .always)
    }

    static let refused = [
        ("after = \"db\"", "after: \"db\" is a string, not a table; write { db = \"ready\" }, where db is a service"),
        ("after = [\"db\"]", "after: this is an array, not a table; write { db = \"ready\" }, where db is a service"),
        ("after.db = \"up\"", "after.db: \"up\" is unknown; write \"started\", \"ready\" or \"completed\""),
        ("after.db = true", "after.db: true is a boolean, not a string; write \"started\", \"ready\" or \"completed\""),
        (
            "requires.db = \"completed\"",
            "requires.db: db is no oneshot, so it never completes; write \"started\" or \"ready\""
        ),
        ("requires.bd = \"ready\"", "requires.bd: there is no service \"bd\"; did you mean \"db\"?"),
        (
            "requires.redis = \"ready\"",
            "requires.redis: there is no service \"redis\"; write the name of one of this configuration"
        ),
        ("after.web = \"ready\"", "after.web: web → web is a circle, as it names itself; leave it out"),
        (
            "requires.db = \"ready\"\nafter.db = \"started\"",
            "after.db: db stands under requires already, which has it start first, too; leave out one of these"
        ),
        ("essential = \"yes\"", "essential: \"yes\" is a string, not a boolean; write true or false"),
        ("type = \"task\"", "type: \"task\" is unknown; write \"service\" or \"oneshot\""),
        (
            "type = \"oneshot\"\nready.by = \"notify\"",
            "ready: a oneshot is ready when it has completed, so there is nothing to set; leave it out"
        ),
        (
            "type = \"oneshot\"\nwatchdog = 5",
            "watchdog: the watchdog is for a service that is ready, which a oneshot never is; leave it out"
        ),
        (
            "type = \"oneshot\"\nrestart.policy = \"always\"",
            "restart.policy: a oneshot that was a success is not run again; write \"on-failure\" or \"never\""
        ),
        (
            "type = \"oneshot\"\nlimits.memory_high = \"1M\"",
            "limits.memory_high: a oneshot gets no successor while it runs; "
                + "leave it out, and set memory_max if it may need too much"
        ),
    ]

    @Test("what can't be is refused at its place", arguments: refused)
    func refusals(lines: String, complaint: String) {
        let found = complaints(document("db", "web", lines: lines))
        #expect(found.count == 1)
        let place = lines.split(separator: "\n").count + 4
        // Of two lines the first may be the wrong one, where it is a table of its own.
        #expect(found.first?.hasSuffix("service.web.\(complaint)") == true, "\(found)")
        #expect(found.first?.hasPrefix("cadre.toml:\(place): ") == true, "\(found)")
    }

    @Test("a circle of any length is refused, with the way round it", arguments: [2, 3, 5])
    func circles(_ length: Int) {
        let names = ["web", "db", "cache", "queue", "mail"].prefix(length)
        let text = names.enumerated().map { index, name in
            let next = names[(index + 1) % length]
            return
                "[service.\(name)]\ncommand = [\"a\"]\n\(index % 2 == 0 ? "after" : "requires").\(next) = \"ready\"\n"
        }.joined()
        let first = names.min()!
        let start = names.firstIndex(of: first)!
        let way = (0...length).map { names[(start + $0) % length] }
        #expect(
            complaints(text) == [
                "cadre.toml:\(start * 3 + 3): service.\(first).\(start % 2 == 0 ? "after" : "requires").\(way[1]): "
                    + "\(way.joined(separator: " → ")) is a circle, in which none could start first; leave out one of these"
            ])
    }

    @Test("what only leads to a circle is not blamed, and a name that may be in a broken file neither")
    func innocent() {
        let text = """
            [service.a]
            command = ["a"]
            after = { b = "ready" }
            [service.b]
            command = ["a"]
            after = { c = "ready" }
            [service.c]
            command = ["a"]
            after = { b = "ready" }
            """
        let found = complaints(text)
        #expect(found.count == 1 && found.first?.contains("b → c → b is a circle") == true)
        let broken = complaints([
            ("a", document("web", lines: "after.db = \"ready\"")), ("b", "[service.db"),
        ])
        #expect(broken.count == 1 && broken.first?.hasPrefix("b:1") == true)
    }
}
