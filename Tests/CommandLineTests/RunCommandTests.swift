import ArgumentParser
import ControlGroups
import Specification
import Supervision
import Testing

@testable import CadreCommand

@Suite("cadre run") struct RunCommandTests {
    private func service(_ arguments: String...) throws -> ServiceSpecification {
        try RunCommand.parse(arguments).makeService()
    }

    @Test("reads its flags") func flags() throws {
        let service = try service(
            "-n", "4", "--memory", "256M", "--memory-high", "200M", "--cpu", "150%", "--tasks", "64", "--listen",
            "http=:8080", "--listen", "unix:/run/x", "-e", "A=b=c", "--user", "www-data", "--ready", "notify",
            "--restart", "on-failure", "--stop-timeout", "1min 30s", "--directory", "/srv", "--env-file", "/etc/env",
            "--", "python3", "server.py", "--port", "80")
        #expect(service.name == "python3")
        #expect(service.command == ["python3", "server.py", "--port", "80"])
        #expect(service.workers == .count(4))
        #expect(service.limits.memoryMax == .bytes(256 << 20))
        #expect(service.limits.memoryHigh == .bytes(200 << 20))
        #expect(service.limits.cpuMaxPercent == 150)
        #expect(service.limits.tasksMax == 64)
        #expect(
            service.sockets == [
                SocketSpecification(name: "http", address: .internet(host: nil, port: 8080)),
                SocketSpecification(name: "listen-1", address: .unix(path: "/run/x")),
            ])
        #expect(service.environment == ["A": "b=c"])
        #expect(service.environmentFile == "/etc/env")
        #expect(service.directory == "/srv")
        #expect(service.user == "www-data")
        #expect(service.policy.readiness == .notify && service.healthProbe == nil)
        #expect(service.policy.restart.condition == .onFailure)
        #expect(service.policy.stopTimeout == .seconds(90))
        #expect(service.log.destination == .terminal)
    }

    @Test("reads checks") func checks() throws {
        let http = try service(
            "--ready", "http=http://127.0.0.1:900{worker}/{x}", "--health", "tcp=127.0.0.1:900{worker}", "--", "a")
        #expect(http.policy.readiness == .http)
        #expect(http.readyProbe == .http(url: "http://127.0.0.1:900{worker}/{{x}}"))
        #expect(http.healthProbe == HealthProbe(target: .tcp(address: "127.0.0.1:900{worker}")))
        #expect(http.policy.health == HealthPolicy())
        let log = try service("--ready", "log=a=b", "--", "a")
        #expect(log.policy.readiness == .log && log.readyLine == "a=b")
    }

    @Test(
        "takes no check that it can't do",
        arguments: [
            ["--ready", "http"], ["--ready", "exec=a"], ["--ready", "log="], ["--ready", "command=a"],
            ["--ready", "tcp=:1"],
            ["--ready", "http=https://a"], ["--health", "log=a"], ["--health", "http=a"],
            ["--ready", "log=a", "--log", "none"],
        ])
    func noChecks(arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try RunCommand.parse(arguments + ["--", "a"]).makeService() }
    }

    @Test("gives each copy a socket and a port of its own") func ownSocketsAndPorts() throws {
        let service = try service(
            "-n", "4", "--listen", ":8080", "--listen", "unix:@x", "--reuse-port", "--port", "9000", "server", "{port}")
        #expect(service.sockets.map(\.reusePort) == [true, false])
        #expect(service.port == 9000 && service.command == ["server", "{port}"])
        #expect(try self.service("server", "{port}").command == ["server", "{{port}}"])
        #expect(throws: (any Error).self) { try self.service("--reuse-port", "--listen", "unix:/x", "server") }
        #expect(throws: (any Error).self) { try self.service("-n", "4", "--port", "65533", "server") }
    }

    @Test("takes the command's own flags for the command's") func passthrough() throws {
        #expect(try service("-n", "2", "sleep", "-n", "3").command == ["sleep", "-n", "3"])
        #expect(try service("-n", "cpus", "--", "sleep", "--", "3").command == ["sleep", "--", "3"])
    }

    @Test(
        "names the service after its command",
        arguments: [
            ("/usr/bin/python3.11", "python3"), ("./my server.sh", "my-server"), ("supervisor", "supervisor-service"),
            ("nginx", "nginx"),
        ])
    func name(program: String, expected: String) throws {
        #expect(try service("--", program).name == expected)
    }

    @Test(
        "expands {service} and {worker}, and no other braces",
        arguments: [
            ("--id={worker}", "--id=3"), ("{service}/{worker}", "a/3"), ("{print $1}", "{print $1}"),
            ("f() { echo '{\"a\":{}}'; }", "f() { echo '{\"a\":{}}'; }"), ("{{worker}}", "{3}"), ("}{", "}{"),
        ])
    func braces(argument: String, expected: String) throws {
        let service = try service("--name", "a", "--", "sh", argument)
        #expect(Template.expand(service.command[1], service: "a", worker: 3) == expected)
    }

    @Test(
        "names the flag whose value is wrong",
        arguments: [
            (["--memory", "512X"], "--memory: "), (["--cpu", "fast"], "--cpu: "), (["-n", "0"], "--workers: "),
            (["-n", "many"], "--workers: "), (["--stop-timeout", "infinity"], "--stop-timeout: "),
            (["--stop-timeout", "soon"], "--stop-timeout: "), (["--listen", "http=nowhere"], "--listen: "),
            (["--env", "=x"], "--env: "), (["--name", "a/b"], "--name: "), (["--name", "supervisor"], "--name: "),
            (["--ready", "soon"], "--ready: "), (["--restart", "maybe"], "--restart <policy>"),
        ])
    func wrong(flags: [String], expected: String) throws {
        let error = #expect(throws: (any Error).self) { try RunCommand.parse(flags + ["--", "true"]) }
        #expect(RunCommand.message(for: try #require(error)).contains(expected))
    }

    @Test("wants a command") func noCommand() throws {
        let error = #expect(throws: (any Error).self) { try RunCommand.parse(["-n", "2"]) }
        #expect(RunCommand.message(for: try #require(error)).contains("name the command to run"))
    }
}
