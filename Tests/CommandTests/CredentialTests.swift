import CLinux
import Glibc
import Reactor
import Testing

@Suite("Credentials of systemd's", .needsControlGroups)
struct CredentialTests {
    /// Runs a supervisor that systemd gave the credential `key`.
    private func withCredential(
        _ toml: (Scene) -> String, _ body: (SupervisorProcess) throws -> Void
    ) throws {
        try withScene { scene in
            mkdir(scene.path("given"), 0o700)
            try scene.write("given/key", "the-key")
            let supervisor = try SupervisorProcess(
                toml(scene), in: scene, environment: ["CREDENTIALS_DIRECTORY": scene.path("given")])
            try body(supervisor)
            try supervisor.stop()
        }
    }

    private static let show = """
        cat "$CREDENTIALS_DIRECTORY/key"; echo; if (: > "$CREDENTIALS_DIRECTORY/more") 2>/dev/null; then echo writable; \
        fi; exec "$worker" sleep
        """

    @Test("a worker that is to have one has it in a directory that it can't write, and others have none", .needsRoot)
    func handedOn() throws {
        try withCredential { _ in
            service("web", script: Self.show, more: "user = 'nobody'\ncredentials = ['key']")
                + service("other", script: "env; exec \"$worker\" sleep", more: "user = 'nobody'")
        } _: { supervisor in
            try supervisor.ready("web/0")
            try supervisor.expect("web/0 ", "| the-key")
            let directory = "\(supervisor.runtimeDirectory)/credentials/web.0@1"
            var status = stat()
            #expect(stat(directory, &status) == 0 && status.st_mode & 0o007 == 0)
            #expect(stat("\(directory)/key", &status) == 0 && status.st_mode & 0o337 == 0)
            // Not even by the user of another service.
            let other = try run(["setpriv", "--reuid=1", "--regid=1", "--clear-groups", "cat", "\(directory)/key"])
            #expect(other.code != 0 && other.output.contains("Permission denied"))
            try supervisor.ready("other/0")
            // An incarnation has its own, which goes with it.
            #expect(try supervisor.cadre("restart", "web").code == 0)
            #expect(access(directory, F_OK) == -1)
            #expect(access("\(supervisor.runtimeDirectory)/credentials/web.0@2/key", F_OK) == 0)
            let lines = try supervisor.output(of: "other/0")
            #expect(
                !lines.contains { $0.hasPrefix("CREDENTIALS_DIRECTORY") } && lines.contains { $0.hasPrefix("USER=") })
            #expect(!(try supervisor.output(of: "web/0")).contains("writable"))
        }
    }

    @Test("it is there in a sandbox, where nothing else of the supervisor's is", .needsRoot) func sandbox() throws {
        let programs = Machine.worker.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        try withCredential { _ in
            service(
                "web", script: Self.show,
                more: """
                    user = 'nobody'
                    credentials = ['key']
                    [service.web.sandbox]
                    private_tmp = true
                    landlock = { execute = ['/usr', '\(programs)'], read_only = ['/etc'], read_write = ['/dev/null'] }
                    """)
        } _: { supervisor in
            try supervisor.expect("web/0 ", "| the-key")
            try supervisor.ready("web/0")
            #expect(!(try supervisor.output(of: "web/0")).contains("writable"))
        }
    }

    @Test("it outlives the supervisor, and goes with the worker all the same") func adoption() throws {
        try withCredential { _ in
            service("web", script: Self.show, more: "credentials = ['key']")
        } _: { supervisor in
            // The supervisor answers by the time that it has started one again.
            kill(try supervisor.ready("web/0"), SIGKILL)
            try supervisor.expect("web/0 was killed by SIGKILL")
            try supervisor.ready("web/0")
            let credentials = "\(supervisor.runtimeDirectory)/credentials"
            // What a supervisor left that was killed at the wrong moment.
            mkdir("\(credentials)/web.0@99", 0o700)
            try Descriptor.open("\(credentials)/web.0@99/key", flags: O_WRONLY | O_CREAT, mode: 0o400).write("old")
            try supervisor.replace()
            #expect(access("\(credentials)/web.0@2/key", F_OK) == 0)
            #expect(access("\(credentials)/web.0@1", F_OK) == -1)
            #expect(access("\(credentials)/web.0@99", F_OK) == -1)
            #expect(try supervisor.cadre("restart", "web").code == 0)
            #expect(access("\(credentials)/web.0@2", F_OK) == -1)
            #expect(access("\(credentials)/web.0@3/key", F_OK) == 0)
        }
    }

    @Test("one that isn't there is an error that says what to do, and nothing is left of the attempt")
    func missing() throws {
        let toml = service("web", "sleep", more: "credentials = ['key', 'lost']\nrestart = { budget = 0 }")
        try withCredential { _ in
            toml
        } _: { supervisor in
            try supervisor.expect(
                "web/0", "the credential \"lost\" is not among those that systemd gave Cadre; add LoadCredential=lost:")
            #expect(try run(["find", "\(supervisor.runtimeDirectory)/credentials", "-name", "key"]).output == "")
            try supervisor.scene.write("cadre.toml", toml + service("other", "sleep", more: "credentials = ['gone']"))
            let (code, output) = try supervisor.cadre("apply")
            #expect(code == 2 && output.contains("systemd gave Cadre no credential \"gone\"; add LoadCredential=gone:"))
        }
        try withSupervisor(toml) { supervisor in
            try supervisor.expect(
                "web/0", "the credential \"key\" is wanted, and systemd gave Cadre none; add LoadCredential=")
        }
    }
}
