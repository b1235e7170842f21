import ArgumentParser
import Processes
import Specification
import Supervision
import Testing

@testable import Cadre
@testable import CadreCommand

/// The command lines of what changes something, without a supervisor.
@Suite("command lines") struct ControlCommandTests {
    private func problem(of arguments: String...) -> String {
        do {
            _ = try CadreCommand.parseAsRoot(arguments)
            return "none"
        } catch {
            return CadreCommand.message(for: error)
        }
    }

    @Test("scale reads numbers and differences by service") func scale() throws {
        let command = try ScaleCommand.parse(["web=8", "api=+2", "w*=-1", "jobs=cpus"])
        #expect(
            try command.counts() == [
                "web": .to(.count(8)), "api": .by(2), "w*": .by(-1), "jobs": .to(.cpus),
            ])
    }

    @Test(
        "a change of numbers that is none is an error that says what to write",
        arguments: [
            ("web", "\"web\" changes nothing; write a service and a number"), ("=8", "\"=8\" changes nothing"),
            ("web=many", "web: \"many\" is not a number of workers"), ("web=", "web: \"\" is not a number"),
            ("web=99999", "out of range"),
        ])
    func badScale(text: String, message: String) {
        #expect(problem(of: "scale", text).contains(message))
    }

    @Test("a service that is scaled twice is an error") func scaledTwice() {
        #expect(problem(of: "scale", "web=1", "web=2").contains("web is named more than once"))
    }

    @Test("limit reads each limit") func limit() throws {
        let command = try LimitCommand.parse([
            "web", "--memory-max", "1G", "--memory-high", "none", "--memory-swap-max", "0", "--cpu-max", "150%",
            "--cpu-weight", "50", "--tasks-max", "20", "--io-weight", "30",
            "--cpuset-cpus", "0-3,6", "--cpuset-mems", "none", "--force",
        ])
        let limits = command.limits.map { "\($0.key)=\($0.text)" }
        #expect(
            limits == [
                "memory_max=1G", "memory_high=none", "memory_swap_max=0", "cpu_max=150%", "cpu_weight=50",
                "tasks_max=20",
                "io_weight=30", "cpuset_cpus=0-3,6", "cpuset_mems=none",
            ])
        #expect(command.force && command.services == ["web"])
    }

    @Test("a limit that is wrong is an error that names its flag") func badLimit() {
        #expect(problem(of: "limit", "web").contains("name a limit to change, such as --memory-max 1G"))
        #expect(problem(of: "limit", "web", "--memory-max", "1X").contains("--memory-max: "))
        #expect(problem(of: "limit", "web", "--cpu-weight", "0").contains("--cpu-weight: 0 is out of range"))
    }

    @Test("signal reads names and numbers, and who gets it") func signal() throws {
        let command = try SignalCommand.parse(["HUP", "web", "--to", "all"])
        #expect(command.signal == Signal(rawValue: 1) && command.to == .all)
        #expect(try SignalCommand.parse(["SIGTERM", "web"]).to == .leader)
        #expect(try SignalCommand.parse(["10", "web"]).signal.name == "SIGUSR1")
        #expect(problem(of: "signal", "HUPP", "web") != "none")
        #expect(problem(of: "signal", "HUP", "web", "--to", "nobody") != "none")
        #expect(problem(of: "signal", "HUP") != "none")
    }

    @Test("a wait is for some time, or none") func wait() throws {
        #expect(
            try RestartCommand.parse(["web", "--timeout", "1min 30s"]).waitOptions.timeout?.duration == .seconds(90))
        #expect(problem(of: "restart", "web", "--timeout", "0") != "none")
        #expect(problem(of: "restart", "web", "--timeout", "soon") != "none")
        #expect(problem(of: "restart", "web", "--no-wait", "--timeout", "1s").contains("--no-wait leaves nothing"))
        #expect(problem(of: "restart") != "none")
    }

    @Test("run serves metrics on a loopback address only") func metrics() throws {
        let command = try RunCommand.parse(["--metrics", "127.0.0.1:9477", "--", "true"])
        #expect(try command.metricsAddress() == .internet(host: "127.0.0.1", port: 9477))
        #expect(problem(of: "run", "--metrics", ":9477", "--", "true").contains("--metrics: \":9477\" is no loopback"))
        #expect(problem(of: "run", "--metrics", "9477", "--", "true").contains("--metrics: "))
    }

    @Test("names are completed with services and workers, of which there may be too many") func completion() {
        let few = LiveNames(makeSnapshot([("api", 1), ("web", 2)]).services)
        #expect(few.candidates(for: "w") == ["api", "api/0", "web", "web/0", "web/1"])
        #expect(few.counts == ["api=1", "web=2"])
        let many = LiveNames(makeSnapshot([("web", 101)]).services)
        #expect(many.candidates(for: "w") == ["web"])
        #expect(many.candidates(for: "web/").count == 102)
    }

    @Test("events are chosen by the names of workers and services") func filter() throws {
        func event(_ service: String?, _ worker: Int?) -> Event {
            Event(
                id: EventID(run: 1, number: 1), time: 0, level: "info", kind: "ready", service: service, worker: worker,
                message: "it \u{1B}[31mis", details: [:])
        }
        func wanted(_ names: String...) throws -> [Bool] {
            let filter = EventFilter(try names.map(NamePattern.init))
            return [event("web", 0), event("web", 1), event("web", nil), event("api", 0), event(nil, nil)]
                .map(filter.contains)
        }
        #expect(try wanted() == [true, true, true, true, true])
        #expect(try wanted("web") == [true, true, true, false, false])
        #expect(try wanted("web/0", "a*") == [true, false, false, true, false])
        let line = EventPrinter.line(of: event("web", 0)).text
        #expect(line.hasSuffix(" ready: it ?[31mis") && !line.contains("\u{1B}"))
    }
}
