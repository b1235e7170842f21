import CLinux
import ControlGroups
import Processes
import Reactor
import Testing

@testable import Cadre
@testable import Supervision

/// Files as the kernel has them stand in for cgroups, so that they can vanish at any moment.
@Suite("A survey") struct SurveyTests {
    private let root: Root

    init() throws {
        root = try Root()
        try root.add("supervisor", cpu: 1)
    }

    @Test("adds what present incarnations used to what past ones did")
    func sum() throws {
        try root.add("web/0@1", cpu: 30)
        try root.add("web/0@2", cpu: 4)
        let survey = try root.reader().survey(state([worker(0, live: ["web/0@1", "web/0@2"], past: 100)]))
        let web = survey.state.services[0].workers[0]
        #expect(survey.usage(of: web).cpuMicroseconds == 134 && survey.isComplete(web))
    }

    @Test("counts an incarnation that has ended and is no part of the past yet")
    func ended() throws {
        try root.add("web/0@1", cpu: 30)
        let survey = try root.reader().survey(state([worker(0, live: [], ended: ["web/0@1"], past: 100)]))
        #expect(survey.usage(of: survey.state.services[0].workers[0]).cpuMicroseconds == 130)
    }

    @Test("takes an incarnation that ended meanwhile from the past, whether its cgroup is gone or still grows")
    func endedMeanwhile() throws {
        try root.add("web/0@2", cpu: 4)
        try root.add("web/1@1", cpu: 7)
        var survey = try root.reader().survey(
            state([
                worker(0, live: ["web/0@1", "web/0@2"], past: 100), worker(1, live: ["web/1@1"], past: 1),
                worker(2, live: ["web/2@1"], past: 0),
            ]))
        // Both incarnations of web/0 are past by now, and a third one is there; web/2 was scaled away.
        survey.update([worker(0, live: ["web/0@3"], past: 133)])
        let workers = survey.state.services[0].workers
        #expect(workers.prefix(2).map { survey.usage(of: $0).cpuMicroseconds } == [133, 8])
        #expect(workers.map(survey.isComplete) == [true, true, false])
    }

    @Test("tells of a worker whose cgroup can't be read though its incarnation lives")
    func unreadable() throws {
        try root.add("web/1@1", cpu: 7)
        let workers = [worker(0, live: ["web/0@1"], past: 100), worker(1, live: ["web/1@1"], past: 1)]
        var survey = try root.reader().survey(state(workers))
        #expect(workers.map(survey.isComplete) == [false, true])
        survey.update([workers[0]])
        #expect(!survey.isComplete(survey.state.services[0].workers[0]))
    }

    @Test("looks only for figures that there are: what the supervisor's own cgroup has")
    func groups() throws {
        try root.write("supervisor/pids.current", "1\n")
        try root.add("web/0@1", cpu: 30)
        for file in ["pids.current", "memory.current", "memory.stat", "io.stat"] {
            try root.write("web/0@1/\(file)", "5\n")
        }
        let survey = try root.reader().survey(state([worker(0, live: ["web/0@1"], past: 0)]))
        let figures = try #require(survey.incarnations["web/0@1"])
        #expect(survey.groups == .tasks && figures.tasks?.current == 5 && figures.memory == nil && figures.io == nil)
    }

    @Test("reads the leaders' figures if they are wanted")
    func leaders() throws {
        try root.add("web/0@1", cpu: 30)
        var web = worker(0, live: ["web/0@1"], past: 0)
        web.live[0].pid = getpid()
        let reader = try root.reader()
        let (none, some, all) = (
            reader.survey(state([web])), reader.survey(state([web]), .descriptors), reader.survey(state([web]), .all)
        )
        #expect(none.leaders.isEmpty)
        let (figures, more) = (try #require(some.leaders["web/0@1"]), try #require(all.leaders["web/0@1"]))
        #expect(try #require(figures.openDescriptors) >= 3 && figures.virtualBytes == nil)
        #expect(figures.openDescriptorsMax == (try OpenFileLimit.current().soft))
        #expect(
            try #require(more.residentBytes) > 1 << 20 && #require(more.virtualBytes) > #require(more.residentBytes))
    }

    private func worker(_ number: Int, live: [String], ended: [String] = [], past: UInt64) -> WorkerDetail {
        var usage = Usage()
        usage.cpuMicroseconds = past
        return WorkerDetail(
            id: WorkerID(service: "web", number: number), state: .ready, restarts: [:], kills: 0, shown: 1,
            live: live.enumerated().map { index, path in
                LiveDetail(
                    number: UInt64(index + 1), phase: .ready, isFrozen: false, startedAt: .zero,
                    limits: ResourceLimits(), groupPath: path)
            }, ended: ended, past: usage)
    }

    private func state(_ workers: [WorkerDetail]) -> FleetState {
        FleetState(
            summary: FleetSummary(services: 1, workers: workers.count, ready: workers.count, failed: 0), now: .zero,
            wallClock: 0, lastEvent: EventID(run: 1, number: 0), healthyPercentage: 50,
            ends: 0,
            services: [
                ServiceState(
                    name: "web", wanted: workers.count, healthyPercentage: 50, limits: ResourceLimits(),
                    hasGroup: false, counters: ServiceCounters(), workers: workers)
            ], core: FleetState.CoreLoad(wakeUps: 0, turns: DurationHistogram()))
    }
}

/// A directory with files as a delegated root has them, removed in the end.
private final class Root {
    private let path: String

    init() throws {
        var template = Array("/tmp/cadre-survey-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir("\(path)/web", 0o755)
    }

    deinit {
        for group in made {
            for file in ["cpu.stat", "pids.current", "memory.current", "memory.stat", "io.stat"] {
                unlink("\(path)/\(group)/\(file)")
            }
            rmdir("\(path)/\(group)")
        }
        rmdir("\(path)/web")
        rmdir(path)
    }

    private var made: [String] = []

    /// A cgroup that has used so many microseconds of a processor.
    func add(_ group: String, cpu: Int) throws {
        mkdir("\(path)/\(group)", 0o755)
        made.append(group)
        try write("\(group)/cpu.stat", "usage_usec \(cpu)\nuser_usec 0\nsystem_usec 0\n")
    }

    func write(_ file: String, _ text: String) throws {
        try Descriptor.open("\(path)/\(file)", flags: O_WRONLY | O_CREAT, mode: 0o644).write(text)
    }

    func reader() throws -> StatisticsReader { try StatisticsReader(root: path) }
}
