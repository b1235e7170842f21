import Processes
import Specification
import Supervision
import Testing

@testable import Cadre

@Suite("A worker's environment") struct WorkerEnvironmentTests {
    private let worker = WorkerID(service: "web", number: 3)

    @Test("has what the supervisor has, but for what is meant for the supervisor alone") func inherited() {
        let environment = WorkerEnvironment(inherited: [
            "PATH": "/bin", "NOTIFY_SOCKET": "/run/x", "LISTEN_FDS": "1", "LISTEN_PID": "7", "LISTEN_FDNAMES": "a",
            "WATCHDOG_USEC": "1", "WATCHDOG_PID": "7", "JOURNAL_STREAM": "8:1", "MANAGERPID": "1",
        ])
        #expect(environment.lines == ["PATH=/bin"])
    }

    @Test("says which incarnation it is, and so in Monoceros's form") func identity() {
        var environment = WorkerEnvironment(inherited: [:])
        environment.add(worker, incarnation: 17)
        #expect(
            environment.lines.sorted() == [
                "CADRE_INCARNATION=17", "CADRE_SERVICE=web", "CADRE_WORKER=3", "MULTIPROCESS_WORKER_ID=web_web-3",
            ])
    }

    @Test("takes each source before the weaker ones") func order() {
        var environment = WorkerEnvironment(inherited: ["HOME": "/root", "A": "inherited", "B": "inherited"])
        var credentials = Credentials(user: 1000, group: 1000)
        credentials.name = "tester"
        credentials.home = "/home/tester"
        credentials.shell = "/bin/sh"
        environment.add(credentials)
        let variables = ["A": "{service}-{worker}", "B": "specified", "CADRE_WORKER": "forged"]
        environment.add(ServiceSpecification(name: "web", command: [], environment: variables), for: worker)
        environment.add([("B", "from the file, as it is: {worker}")])
        environment.add(worker, incarnation: 1)
        #expect(environment["HOME"] == "/home/tester")
        #expect(environment["USER"] == "tester")
        #expect(environment["LOGNAME"] == "tester")
        #expect(environment["SHELL"] == "/bin/sh")
        #expect(environment["A"] == "web-3")
        #expect(environment["B"] == "from the file, as it is: {worker}")
        #expect(environment["CADRE_WORKER"] == "3")
    }
}
