import Specification
import Testing

/// Who may look and command.
@Suite struct ControlTests {
    @Test("what stands outside of services has all that is written")
    func everything() throws {
        let text = """
            healthy_percentage = 66.6
            [control]
            group = "operators"
            read_only_group = "100"
            listen = "[::]:9476"
            token_file = "/etc/cadre/token"
            tls = { certificate = "/c.pem", key = "/k.pem", client_ca = "/ca.pem" }
            [metrics]
            listen = "[::1]:9477"
            aliases = ["monoceros"]
            """
        let expected = Specification(
            healthyPercentage: 66.6,
            control: ControlSpecification(
                group: "operators", readOnlyGroup: "100", listen: .internet(host: "::", port: 9476),
                tokenFile: "/etc/cadre/token",
                tls: TLSSpecification(certificate: "/c.pem", key: "/k.pem", clientCA: "/ca.pem")),
            metrics: MetricsSpecification(listen: .internet(host: "::1", port: 9477), aliases: [.monoceros]))
        #expect(try Specification.parse([("cadre.toml", text)]) == expected)
    }

    @Test("a drop-in changes single keys of the tables")
    func merging() throws {
        let base = """
            control = { group = "a", read_only_group = "b" }
            metrics.aliases = ["monoceros"]
            """
        let dropIn = """
            healthy_percentage = 0
            control.group = "c"
            control.listen = "localhost:1"
            control.token_file = "/t"
            metrics.aliases = []
            """
        let specification = try Specification.parse([("a", base), ("b", dropIn)])
        #expect(specification.healthyPercentage == 0)
        #expect(specification.control.group == "c" && specification.control.readOnlyGroup == "b")
        #expect(specification.control.tokenFile == "/t" && specification.metrics.aliases.isEmpty)
    }

    @Test(
        "the address is open to those alone who show a token or a certificate, and tokens are encrypted on the way",
        arguments: [
            "listen = \"127.9.9.9:1\"\ntoken_file = \"/t\"", "listen = \"[::1]:1\"\ntoken_file = \"/t\"",
            "listen = \"localhost:1\"\ntoken_file = \"/t\"",
            "listen = \":1\"\ntls = { certificate = \"/c\", key = \"/k\", client_ca = \"/ca\" }",
            "listen = \":1\"\ntoken_file = \"/t\"\ntls = { certificate = \"/c\", key = \"/k\" }",
        ])
    func access(lines: String) {
        #expect(complaints("[control]\n\(lines)\n") == [])
    }

    @Test(
        "what is wrong outside of services is reported at its line and path with what to write",
        arguments: [
            ("healthy_percentage = -1", "healthy_percentage: -1 is out of range; write 0 to 100"),
            ("control = 1", "control: 1 is an integer, not a table; write [control]"),
            ("control.group = \"a b\"", "control.group: \"a b\" is neither a name nor a number of an account"),
            (
                "control = { group = \"a\", read_only_group = \"a\" }",
                "control.read_only_group: this is the group that may do everything; name another one, or leave out read_only_group"
            ),
            ("control.listen = \"80\"", "control.listen: \"80\" has no colon; write \":80\""),
            (
                "control.listen = \"unix:/run/a\"",
                "control.listen: the API is on a unix socket anyway; write a TCP address such as \"127.0.0.1:9476\", or leave it out"
            ),
            (
                "control.listen = \"127.0.0.1:1\"",
                "control.listen: everyone who reaches \"127.0.0.1:1\" could command; add token_file, or client_ca in [control.tls]"
            ),
            (
                "control = { listen = \":1\", tls = { certificate = \"/c\", key = \"/k\" } }",
                "control.listen: everyone who reaches \":1\" could command; add token_file, or client_ca in [control.tls]"
            ),
            (
                "control = { listen = \"128.0.0.1:1\", token_file = \"/t\" }",
                "control.listen: the token would travel to \"128.0.0.1:1\" in the clear; add [control.tls] with certificate and key, or listen on 127.0.0.1"
            ),
            (
                "control = { listen = \"[::2]:1\", token_file = \"/t\" }",
                "control.listen: the token would travel to \"[::2]:1\" in the clear; add [control.tls] with certificate and key, or listen on 127.0.0.1"
            ),
            (
                "control = { listen = \"127.0.0.1:1\", token_file = \"t\" }",
                "control.token_file: \"t\" is not an absolute path; write one that begins with \"/\""
            ),
            (
                "control.token_file = \"/t\"",
                "control.token_file: token_file is used only with listen; add one such as listen = \"127.0.0.1:9476\", or leave it out"
            ),
            (
                "control.tls = { certificate = \"/c\", key = \"/k\" }",
                "control.tls: tls is used only with listen; add one such as listen = \"127.0.0.1:9476\", or leave it out"
            ),
            (
                "control.tls.certificate = \"/c\"",
                "control.tls: TLS needs a certificate and its key; add a line such as key = \"/etc/cadre/key.pem\""
            ),
            (
                "control.tls = { key = \"/k\", client_ca = \"/ca\" }",
                "control.tls: TLS needs a certificate and its key; add a line such as certificate = \"/etc/cadre/certificate.pem\""
            ),
            (
                "control.tls.client_ca = \"ca\"",
                "control.tls.client_ca: \"ca\" is not an absolute path; write one that begins with \"/\""
            ),
            ("metrics = []", "metrics: this is an array, not a table; write [metrics]"),
            (
                "metrics.listen = \":9477\"",
                "metrics.listen: metrics are served here unencrypted and to everyone, so only a loopback address such as \"127.0.0.1:9477\" is possible; from elsewhere, /metrics is reached through listen of [control], with TLS"
            ),
            (
                "metrics.aliases = \"monoceros\"",
                "metrics.aliases: \"monoceros\" is a string, not an array; write [\"monoceros\"]"
            ),
            ("metrics.aliases = [\"circus\"]", "metrics.aliases[0]: \"circus\" is unknown; write \"monoceros\""),
        ])
    func messages(line: String, problem: String) {
        #expect(complaints("# The key is in the second line.\n\(line)\n") == ["cadre.toml:2: \(problem)"])
    }

    private static let web = "[service.web]\ncommand = [\"a\"]\n"

    @Test("rights on services are for users, groups and workers, and a drop-in may replace one")
    func allow() throws {
        let base = """
            [control.allow]
            alice = ["web"]
            1000 = []
            "@deploy" = ["web", "api-*"]
            "service:web" = ["w?b"]

            """ + Self.web
        let dropIn = "control.allow.alice = []"
        let specification = try Specification.parse([("a", base), ("b", dropIn)])
        #expect(
            specification.control.allow == [
                ControlGrant(.user("1000"), services: []),
                ControlGrant(.group("deploy"), services: ["web", "api-*"]),
                ControlGrant(.user("alice"), services: []),
                ControlGrant(.workers(of: "web"), services: ["w?b"]),
            ])
    }

    @Test(
        "a right that can't be one is reported",
        arguments: [
            ("alice = \"web\"", "alice: \"web\" is a string, not an array; write [\"web\"]"),
            ("alice = [1]", "alice[0]: 1 is an integer, not a string; write \"1\""),
            ("alice = [\"api\"]", "alice[0]: there is no service \"api\"; name one that there is, or leave it out"),
            (
                "alice = [\"web/0\"]",
                "alice[0]: \"web/0\" names workers, and a right is for all of a service; write \"web\" or \"w*\""
            ),
            ("alice = [\"w[\"]", "alice[0]: \"w[\" has a \"[\" without a \"]\"; close it, as in \"web/[0-3]\""),
            (
                "\"service:api\" = []",
                "\"service:api\": there is no service \"api\"; name one that there is, or leave it out"
            ),
            (
                "\"@\" = []",
                "\"@\": \"@\" is nobody; write a user, a group with \"@\" before it, or \"service:web\" for the workers of a service"
            ),
        ])
    func badRights(line: String, problem: String) {
        #expect(complaints("[control.allow]\n\(line)\n\(Self.web)") == ["cadre.toml:2: control.allow.\(problem)"])
    }

    @Test("two servers can't listen on the same address")
    func sharedAddress() {
        let text = """
            [service.web]
            command = ["a"]
            socket = [{ listen = "127.0.0.1:1" }]
            [control]
            listen = "127.0.0.1:2"
            token_file = "/t"
            [metrics]
            listen = "127.0.0.1:1"
            """
        #expect(
            complaints(text) == [
                "cadre.toml:8: metrics.listen: service.web.socket[0].listen listens on \"127.0.0.1:1\" already; "
                    + "give each socket an address of its own"
            ])
        #expect(complaints(text.replacing("127.0.0.1:1\"\n", with: "127.0.0.1:2\"\n")).count == 1)
    }

    @Test("where a file isn't TOML, what may be missing because of it isn't asked for")
    func partial() {
        let problems = complaints([
            ("a", "[control\n"), ("b", "control = { listen = \":1\", tls = { key = \"/k\" } }\n"),
        ])
        #expect(problems.count == 1 && problems.first?.hasPrefix("a:1: this is not TOML: ") == true)
    }
}
