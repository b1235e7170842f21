import CLinux
import Cadre
import FoundationEssentials
import Glibc
import Processes
import Reactor
import Testing

/// A supervisor that is killed again and again while it has the workers of `web` to start, stop and replace, and what
/// must be true each time when all has come to rest.
final class Ordeal {
    static let workers = 2
    private static let settled: Set<String> = ["ready", "stopped", "failed"]

    let supervisor: SupervisorProcess
    private let notes: String
    /// What the workers are expected to be.
    private(set) var expected: [Expectation] = []
    private let bystander: WorkerSnapshot
    /// How many descriptors the keeper and its supervisor have open, by the state of the workers.
    private var descriptors: [String: [Int]] = [:]
    private(set) var deaths = 0

    /// What a worker is known to be while nothing happens.
    struct Expectation: Hashable {
        var state: String
        var incarnation: UInt64?
        var last: UInt64
        var restarts: [String: Int]
        var pid: Int32?

        init(_ worker: WorkerSnapshot, last: UInt64) {
            state = worker.state
            incarnation = worker.incarnation
            self.last = worker.incarnation ?? last
            restarts = worker.restartsByReason
            pid = worker.pid
        }
    }

    /// What is asked of the supervisor.
    enum Command: String, CaseIterable {
        case start, restart, crash, stop

        /// What becomes of a worker, but for its process.
        func outcome(of worker: Expectation, number: Int) -> Expectation {
            var next = worker
            switch self {
            case .start where worker.state == "stopped":
                next.state = "ready"
                next.last += 1
                next.incarnation = next.last
            case .restart where worker.state == "ready":
                next.last += 1
                next.incarnation = next.last
                next.restarts["manual", default: 0] += 1
            case .restart: return Self.start.outcome(of: worker, number: number)
            case .crash where worker.state == "ready" && number == 0:
                next.last += 1
                next.incarnation = next.last
                next.restarts["signal", default: 0] += 1
            case .stop where worker.state == "ready":
                next.state = "stopped"
                next.incarnation = nil
            case .start, .crash, .stop: break
            }
            return next
        }
    }

    static func toml(_ scene: Scene) -> String {
        let more = "ready.by = 'notify'\nrestart = { delay = '1ms', max_delay = '1ms', budget = 1000000 }"
        return service("web", "note", scene.path("notes"), workers: workers, more: more) + service("other", "sleep")
    }

    init(_ supervisor: SupervisorProcess) throws {
        self.supervisor = supervisor
        notes = supervisor.scene.path("notes")
        for number in 0..<Self.workers { try supervisor.ready("web/\(number)") }
        try supervisor.ready("other/0")
        bystander = try supervisor.worker("other/0")
        expected = try web().map { Expectation($0, last: 0) }
        try check()
    }

    // MARK: Asking

    private func web(at location: SourceLocation = #_sourceLocation) throws -> [WorkerSnapshot] {
        let answer = try supervisor.get("/v1/services/web")
        try #require(answer.status == 200, "\(answer.body)", sourceLocation: location)
        return try JSONDecoder().decode(ServiceSnapshot.self, from: Data(answer.body.utf8)).workers
    }

    /// Gives a command.
    ///
    /// - Returns: whether it was acknowledged.
    private func give(_ command: Command) throws -> Bool {
        switch command {
        case .start, .restart, .stop:
            // A supervisor that dies hangs up.
            let answer = try? supervisor.request(
                "POST", "/v1/\(command.rawValue)", #"{"names":["web"]}"#, headers: ["Content-Type: application/json"])
            guard let answer else { return false }
            try #require(answer.status == 202, "\(answer.body)")
            return true
        case .crash:
            guard let pid = expected[0].pid else { return false }
            kill(pid, SIGKILL)
            return true
        }
    }

    // MARK: Killing

    /// Gives a command to a supervisor that is killed after its core's `n`-th system call from then on; then all must be
    /// as if nobody had been killed.
    ///
    /// - Returns: the number of calls that there were, if they were fewer.
    func suffer(_ command: Command, killedAfter n: Int) throws -> Int? {
        let killer = try Killer(of: supervisor.pid, after: n)
        let isAcknowledged = try give(command)
        try settle(to: outcome(of: command), orStay: !isAcknowledged)
        let calls = try killer.finish()
        if calls == nil {
            deaths += 1
            try settle(to: expected, orStay: false)
        }
        try check()
        return calls
    }

    /// The supervisor that follows on another one, or the present one.
    private func successor(of former: Int32) throws -> Int32 {
        var found = former
        let isThere = eventually {
            found = supervisor.pid
            return found != .max && found != former
        }
        try #require(isThere, "nobody follows \(former)")
        return found
    }

    /// Gives a command to a supervisor that is killed so long after it was acknowledged, and again so long after its
    /// successor was started.
    func suffer(_ command: Command, killedAfter delays: [Duration]) throws {
        let isAcknowledged = try give(command)
        var last: Int32 = 0
        for delay in delays {
            last = try successor(of: last)
            usleep(UInt32(delay / .microseconds(1)))
            kill(last, SIGKILL)
            deaths += 1
        }
        _ = try successor(of: last)
        try settle(to: outcome(of: command), orStay: !isAcknowledged)
        try check()
    }

    private func outcome(of command: Command) -> [Expectation] {
        expected.indices.map { command.outcome(of: expected[$0], number: $0) }
    }

    // MARK: Settling

    /// Waits until the workers are what they are to be, whoever has to see to it.
    ///
    /// - Parameter orStay: whether they may also be as they were.
    private func settle(to after: [Expectation], orStay: Bool) throws {
        var last: [WorkerSnapshot] = []
        let isSettled = try supervisor.waitForEvents(for: .seconds(20)) {
            guard let workers = try? web() else { return false }
            last = workers
            guard workers.allSatisfy({ Self.settled.contains($0.state) && $0.successor == nil }) else { return false }
            let now = workers.enumerated().map { Expectation($1, last: expected[$0].last) }
            if Self.agree(now, after) {
                expected = zip(now, after).map { now, after in
                    var next = after
                    next.pid = now.pid
                    return next
                }
                return true
            }
            return orStay && Self.agree(now, expected) && now.map(\.pid) == expected.map(\.pid)
        }
        guard isSettled else {
            throw Unmet(
                expectation: "\(after)\(orStay ? " or \(expected)" : ""), but: \(last)", lines: supervisor.lines)
        }
    }

    private static func agree(_ some: [Expectation], _ others: [Expectation]) -> Bool {
        some.count == others.count
            && zip(some, others).allSatisfy { some, other in
                some.state == other.state && some.incarnation == other.incarnation && some.restarts == other.restarts
            }
    }

    // MARK: Invariants

    /// Checks all that can be seen from outside. The workers are what they are to be.
    private func check() throws {
        // What it logs would fill the pipe in the end, and hold it up.
        _ = try supervisor.hasPrinted("nothing")
        let other = try supervisor.get("/v1/services/other/workers/0")
        let now = try JSONDecoder().decode(WorkerSnapshot.self, from: Data(other.body.utf8))
        try #require(
            now.pid == bystander.pid && now.state == "ready" && now.restarts == 0 && now.incarnation == 1,
            "the bystander: \(now)")
        let live = Set(expected.compactMap(\.pid) + [now.pid ?? 0])
        let names = Set(
            expected.enumerated().compactMap { number, worker in
                worker.incarnation.map { "\(number)@\($0)" }
            })
        try #require(
            eventually { supervisor.groups(of: "web") == names },
            "cgroups of web: \(supervisor.groups(of: "web")), to be \(names)")
        let wanted = live.union([supervisor.keeper, supervisor.pid])
        try #require(
            eventually { supervisor.processes() == wanted }, "processes: \(supervisor.processes()), to be \(wanted)")
        let state = expected.map(\.state).joined(separator: " ")
        if let known = descriptors[state] {
            try #require(
                eventually { (try? supervisor.descriptorCounts()) == known },
                "descriptors in \(state): \((try? supervisor.descriptorCounts()) ?? []), to be \(known)")
        } else {
            descriptors[state] = try supervisor.settledDescriptorCounts()
        }
        try checkNotes()
    }

    /// Every incarnation was executed once, in the order of their numbers, and none is left out.
    private func checkNotes() throws {
        let lines = try Descriptor.open(notes).readText().split(separator: "\n").map { $0.split(separator: " ") }
        for (number, worker) in expected.enumerated() {
            let starts = lines.filter { $0[0] == "start" && $0[1] == "\(number)" }.map { UInt64($0[2]) ?? 0 }
            try #require(starts == Array(1...worker.last), "web/\(number) was executed as \(starts)")
            guard let incarnation = worker.incarnation else { continue }
            try #require(
                !lines.contains { $0[0] == "end" && $0[1] == "\(number)" && $0[2] == "\(incarnation)" },
                "web/\(number)@\(incarnation) was told to stop")
        }
    }

    /// What became of the incarnations that are gone is known.
    func checkHistory(crashes: Set<UInt64>) throws {
        for number in expected.indices {
            let answer = try supervisor.get("/v1/services/web/workers/\(number)/incarnations")
            let all = try JSONDecoder().decode([IncarnationRecord].self, from: Data(answer.body.utf8))
            let numbers = all.map(\.number)
            let first = numbers.first ?? 1
            try #require(
                numbers == Array(first...expected[number].last) && (first == 1 || all.count >= 20),
                "web/\(number) remembers \(numbers)")
            for one in all where one.number != expected[number].incarnation {
                let isKnown =
                    number == 0 && crashes.contains(one.number) ? one.exit?.signal == "SIGKILL" : one.exit?.code == 0
                try #require(isKnown, "web/\(number) remembers \(one)")
            }
        }
    }
}

/// Kills a process after so many system calls of its core's thread.
final class Killer {
    private let program: RunningProgram

    /// Begins to count; what the thread's children call before they execute a program counts, too.
    init(of process: Int32, after calls: Int) throws {
        program = try RunningProgram([Machine.worker, "kill-after", "\(process)", "cadre-core", "\(calls)"])
        try program.expect(["watching"])
    }

    /// Ends; returns how many calls there were, or nil if the process was killed.
    func finish() throws -> Int? {
        try program.signal(SIGTERM)
        let words = try program.finish().output.split(whereSeparator: \.isWhitespace)
        return words.contains("killed") ? nil : words.last.flatMap { Int($0) }
    }
}

extension SupervisorProcess {
    /// Waits until something is true, looking at each event, whichever supervisor tells it; false if it is too late.
    func waitForEvents(for time: Duration, until isTrue: () throws -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now + time
        while ContinuousClock.now < deadline {
            // While there is nobody the next one is on its way. It says so a moment before it listens.
            guard eventually({ (try? connect(to: socket)) != nil }) else { return false }
            guard let events = try? connect(to: socket),
                (try? send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n", to: events)) != nil
            else { continue }
            while try readEvents(events, until: deadline) {
                if try isTrue() { return true }
            }
        }
        return false
    }

    /// Waits for more events; false if the supervisor hung up, or if the deadline came first.
    private func readEvents(_ events: borrowing Descriptor, until deadline: ContinuousClock.Instant) throws -> Bool {
        guard try isReadable(events.rawValue, until: deadline) else { return false }
        return try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
            repeat {
                guard let count = try? events.read(into: buffer), count > 0 else { return false }
            } while try isReadable(events.rawValue, until: .now)
            return true
        }
    }
}

/// Whether something becomes true that nothing tells of, such as a zombie's end, and not too late.
func eventually(_ isTrue: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + Machine.patience
    while !isTrue() {
        guard .now < deadline else { return false }
        usleep(1000)
    }
    return true
}

/// Says when something failed, and what was logged before.
func telling<Value>(
    _ what: String, _ supervisor: SupervisorProcess, _ body: () throws -> Value
) throws -> Value {
    do {
        return try body()
    } catch {
        _ = try? supervisor.hasPrinted("nothing")
        Issue.record("\(what): \(Unmet(expectation: "\(error)", lines: supervisor.lines))")
        throw error
    }
}
