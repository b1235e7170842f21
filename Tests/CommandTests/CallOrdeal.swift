import Cadre
import FoundationEssentials
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

/// A supervisor that does all that supervisors do while a system call of it fails, and what must be true each time when
/// all has come to rest.
final class CallOrdeal {
    /// What it does, in this order again and again.
    enum Step: String, CaseIterable {
        /// The first worker of `web` is killed.
        case crash
        /// `web` is given another worker, and loses it.
        case grow, shrink
        /// All are looked at.
        case look
        /// `web` is replaced, one worker after the other.
        case restart
        /// Another release of `web` is in the configuration.
        case release
        /// A worker that is ready when it prints a line is replaced.
        case line
        /// `web` is stopped, and started.
        case stop, start
        /// The supervisor is killed, and the next one comes up. What is looked at is that one.
        case succession

        /// All that one supervisor does.
        static let ofOneSupervisor = allCases.filter { $0 != .succession }

        fileprivate var tracedSupervisor: CallTracer.Supervisor { self == .succession ? .next : .present }

        /// Whether it gives a worker another process, or takes it away.
        func concerns(_ worker: String) -> Bool {
            switch self {
            case .crash: worker == "web/0"
            case .grow, .shrink, .look, .succession: false
            case .restart, .release, .stop, .start: worker == "web/0" || worker == "web/1"
            case .line: worker == "lines/0"
            }
        }
    }

    /// What came of a failure.
    struct Outcome {
        /// Whether the call was made at all.
        var wasReached = false
        /// What was said of the error, by the supervisor or to who asked for the step.
        var said: [String] = []
        /// The workers that were given up as failed, with the reason.
        var failures: [String] = []
        /// Whether the supervisor ended.
        var hasDied = false
    }

    private static let settled: Set<String> = ["ready", "stopped", "failed"]
    private static let services = ["lines", "other", "web"]

    let supervisor: SupervisorProcess
    private var bystander: WorkerSnapshot
    /// How many workers `web` is to have, and whether they are to run.
    private var count = 2
    private var isStopped = false
    private var release = 0
    /// How many descriptors are open in each state.
    private var descriptors: [String: [Int]] = [:]

    static func toml(_ scene: Scene, release: Int = 0, budget: Int = 3) -> String {
        let more = """
            restart = { delay = '1ms', max_delay = '1ms', budget = \(budget) }
            stop.timeout = '300ms'

            """
        let web = "ready.by = 'notify'\nenvironment = { RELEASE = '\(release)' }\n"
        return service("web", "note", scene.path("notes"), workers: 2, more: web + more)
            + service(
                "lines", script: "echo listening; exec $worker sleep",
                more: "ready = { by = 'log', line = 'listening' }\n" + more)
            + service("other", "sleep", more: more)
    }

    init(_ supervisor: SupervisorProcess) throws {
        self.supervisor = supervisor
        for name in ["web/0", "web/1", "lines/0", "other/0"] { try supervisor.ready(name) }
        bystander = try supervisor.worker("other/0")
    }

    // MARK: Steps

    /// Takes a step, and tells which calls are made for it.
    func learn(_ step: Step) throws -> [(kind: CallKind, count: Int)] {
        let tracer = try CallTracer(counting: step.tracedSupervisor, of: supervisor)
        try take(step)
        let kinds = try tracer.kinds()
        try check()
        return kinds
    }

    /// Takes a step while a call fails, and sees to it that all is as it should be then.
    func take(_ step: Step, failing fault: CallFault) throws -> Outcome {
        var outcome = Outcome()
        // By this rather than by its number, which the keeper's list of children may leave out for a moment (proc(5)).
        let process = try Pidfd.open(try supervisor.supervisor())
        _ = try supervisor.hasPrinted("nothing")
        let former = supervisor.lines.count
        let tracer = try CallTracer(failing: fault, step.tracedSupervisor, of: supervisor)
        let before = try pids()
        let answer = try give(step)
        // What a successor can't follow it ends, but for lack of something that the next one may have.
        let mayLose = step == .succession && !Errno(rawValue: fault.error).isExhaustion
        let services = try settle(step, from: before, orStay: answer != nil, mayLose: mayLose)
        outcome.wasReached = try tracer.hasFailed()
        // A supervisor that can't come up is followed by another one.
        outcome.hasDied = try step != .succession && isReadable(process.rawValue, until: .now)
        for worker in services.flatMap(\.workers) where worker.state == "failed" {
            outcome.failures.append("\(worker.number): \(worker.lastExit?.detail ?? "no reason")")
        }
        _ = try supervisor.hasPrinted("nothing")
        let name = "(\(CallErrors.name(fault.error)))"
        outcome.said = (supervisor.lines.dropFirst(former) + [answer ?? ""]).filter { $0.contains(name) }
        // As an operator would, who has read that.
        let now = try pids(services)
        for (worker, pid) in before where mayLose && now[worker] != pid {
            // That a process or a cgroup isn't there says that it has ended.
            let saysGone = [ENOENT, ESRCH, ENODEV].contains(fault.error)
            try #require(
                supervisor.lines.dropFirst(former).contains {
                    $0.contains("\(worker): what is left of it") && $0.contains(name)
                        || saysGone && $0.contains("\(worker) ended; how is not known")
                },
                "\(worker) has another process, and nothing was said of it")
            if worker == "other/0" { bystander = try #require(services.first { $0.name == "other" }?.workers.first) }
        }
        if answer != nil || !outcome.failures.isEmpty || !isAsWanted(services) { try repeatStep(step) }
        try check()
        return outcome
    }

    /// Takes a step.
    func take(_ step: Step) throws {
        let before = try pids()
        let answer = try give(step)
        try #require(answer == nil, "\(step) is refused: \(answer ?? "")")
        let services = try settle(step, from: before, orStay: false)
        try #require(isAsWanted(services), "after \(step): \(services)")
    }

    /// Takes a step once more that came to nothing.
    private func repeatStep(_ step: Step) throws {
        switch step {
        case .grow, .shrink, .stop: _ = try post("/v1/\(isStopped ? "stop" : "start")", #"{"names":["web"]}"#)
        case .crash, .look, .restart, .line, .start, .succession: break
        case .release: _ = try post("/v1/apply", "")
        }
        if !isStopped {
            _ = try post("/v1/scale", #"{"counts":{"web":"\#(count)"}}"#)
            _ = try post("/v1/start", #"{"names":["web","lines"]}"#)
        }
        let services = try settle(nil, from: [:], orStay: false)
        try #require(isAsWanted(services), "after \(step), once more: \(services)")
    }

    /// Asks for a step; returns what was answered if that is an error.
    private func give(_ step: Step) throws -> String? {
        switch step {
        case .crash:
            let pid = try #require(try services().first { $0.name == "web" }?.workers.first?.pid)
            kill(pid, SIGKILL)
            return nil
        case .grow, .shrink:
            count = step == .grow ? 3 : 2
            return try post("/v1/scale", #"{"counts":{"web":"\#(count)"}}"#)
        case .look:
            for path in ["/v1/status", "/metrics", "/v1/services/web/workers/0/inspect", "/v1/plan"] {
                let answer = try supervisor.get(path)
                if answer.status != 200 { return answer.body }
            }
            return nil
        case .restart: return try post("/v1/restart", #"{"names":["web"]}"#)
        case .line: return try post("/v1/restart", #"{"names":["lines"]}"#)
        case .release:
            release += 1
            try supervisor.scene.write("cadre.toml", Self.toml(supervisor.scene, release: release))
            return try post("/v1/apply", "")
        case .succession:
            kill(try supervisor.supervisor(), SIGKILL)
            return nil
        case .stop, .start:
            isStopped = step == .stop
            return try post("/v1/\(step)", #"{"names":["web"]}"#)
        }
    }

    private func post(_ path: String, _ body: String) throws -> String? {
        let headers = body.isEmpty ? [] : ["Content-Type: application/json"]
        let answer = try supervisor.request("POST", path, body, headers: headers)
        return answer.status == 202 ? nil : answer.body
    }

    // MARK: Settling

    private func services() throws -> [ServiceSnapshot] {
        try JSONDecoder().decode(Snapshot.self, from: Data(try supervisor.get("/v1/status").body.utf8)).services
    }

    /// The workers' processes.
    private func pids(_ services: [ServiceSnapshot]? = nil) throws -> [String: Int32] {
        var pids: [String: Int32] = [:]
        for service in try services ?? self.services() {
            for worker in service.workers { pids["\(service.name)/\(worker.number)"] = worker.pid }
        }
        return pids
    }

    /// Waits until nothing goes on any more.
    ///
    /// - Parameters:
    ///   - before: the workers' processes before the step.
    ///   - orStay: whether things may be as they were before the step.
    ///   - mayLose: whether workers may have another process that the step doesn't concern.
    private func settle(
        _ step: Step?, from before: [String: Int32], orStay: Bool, mayLose: Bool = false
    ) throws -> [ServiceSnapshot] {
        var last: [ServiceSnapshot] = []
        let isSettled = try supervisor.waitForEvents(for: .seconds(30)) {
            guard let services = try? services(), services.map(\.name) == Self.services else { return false }
            last = services
            let workers = services.flatMap(\.workers)
            return try workers.allSatisfy { Self.settled.contains($0.state) && $0.successor == nil }
                // One whose process seems to have gone is waited for, in case that somebody tells how.
                && workers.allSatisfy { $0.state != "ready" || $0.pid != nil }
                && services.allSatisfy { $0.rollout != "running" && $0.rollout != "rolling-back" }
                && (orStay || workers.contains { $0.state == "failed" } || services.contains { $0.rollout == "stopped" }
                    || isAsWanted(services) && hasChanged(step, from: before, to: try pids(services)))
        }
        try #require(isSettled, "does not come to rest: \(last)")
        if let step, !mayLose {
            let now = try pids(last)
            for (worker, pid) in before where !step.concerns(worker) && worker != "web/2" {
                try #require(now[worker] == pid, "\(worker) has another process, and was to be left alone: \(last)")
            }
        }
        return last
    }

    /// Whether those have another process who are to have one.
    private func hasChanged(_ step: Step?, from before: [String: Int32], to now: [String: Int32]) -> Bool {
        guard let step else { return true }
        return before.allSatisfy { worker, pid in !step.concerns(worker) || now[worker] != pid }
    }

    /// Whether all workers are as they were asked to be.
    private func isAsWanted(_ services: [ServiceSnapshot]) -> Bool {
        services.allSatisfy { service in
            let isStopped = service.name == "web" && isStopped
            return (service.name != "web" || service.workers.count == count)
                && service.workers.allSatisfy { worker in
                    worker.state == (isStopped ? "stopped" : "ready") && (isStopped || worker.digest == service.digest)
                }
        }
    }

    // MARK: Invariants

    /// Checks what can be seen from outside. The workers are as they are to be.
    private func check() throws {
        let services = try services()
        let other = try #require(services.first { $0.name == "other" }?.workers.first)
        try #require(
            other.pid == bystander.pid && other.state == "ready" && other.restarts == bystander.restarts,
            "the bystander: \(other)")
        for service in services {
            let names = Set(
                service.workers.compactMap { worker in worker.incarnation.map { "\(worker.number)@\($0)" } })
            try #require(
                eventually { supervisor.groups(of: service.name) == names },
                "cgroups of \(service.name): \(supervisor.groups(of: service.name)), to be \(names)")
        }
        let wanted = Set(services.flatMap(\.workers).compactMap(\.pid) + [supervisor.keeper, supervisor.pid])
        try #require(
            eventually { supervisor.processes() == wanted }, "processes: \(supervisor.processes()), to be \(wanted)")
        let state = isStopped ? "stopped" : "\(count)"
        guard let known = descriptors[state] else {
            descriptors[state] = try supervisor.settledDescriptorCounts()
            return try checkNotes()
        }
        try #require(
            eventually { (try? supervisor.descriptorCounts()) == known },
            "descriptors, \(state): \((try? supervisor.descriptorCounts()) ?? []), to be \(known)")
        try checkNotes()
    }

    /// No incarnation was executed twice.
    private func checkNotes() throws {
        let lines = try Descriptor.open(supervisor.scene.path("notes")).readText().split(separator: "\n")
        let starts = lines.filter { $0.hasPrefix("start ") }.map { $0.split(separator: " ").dropLast() }
        try #require(Set(starts).count == starts.count, "an incarnation was executed twice: \(starts)")
    }
}
