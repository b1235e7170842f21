import ControlGroups
import Processes
import Reactor
import Specification

@testable import Cadre
@testable import ControlAPI
@testable import Supervision

extension Survey {
    /// Services `web` with two workers, one of which is waiting, and `queue "\"` with one; every figure is there.
    static func example(groups: StatisticsGroups = .all) -> Survey {
        var readyTimes = DurationHistogram()
        readyTimes.add(.milliseconds(30))
        readyTimes.add(.milliseconds(30))
        readyTimes.add(.seconds(90))
        var limits = ResourceLimits()
        limits.memoryMax = .bytes(1 << 30)
        limits.memoryHigh = .bytes(900 << 20)
        limits.memorySwapMax = .bytes(0)
        limits.cpuMaxPercent = 150
        limits.tasksMax = 64
        var past = Usage()
        past.userMicroseconds = 500_000
        past.systemMicroseconds = 250_000
        past.cpuMicroseconds = 750_000
        past.memoryHigh = 2
        let web = ServiceState(
            name: "web", wanted: 2, healthyPercentage: 50, limits: limits, hasGroup: true,
            counters: ServiceCounters(restarts: [.oomKill: 3, .manual: 1], kills: 2, readyTimes: readyTimes),
            workers: [
                WorkerDetail(
                    id: WorkerID(service: "web", number: 0), state: .ready, restarts: [.oomKill: 1], kills: 1, shown: 4,
                    live: [
                        LiveDetail(
                            number: 4, phase: .ready, isFrozen: false, startedAt: .seconds(40), readyAt: .seconds(41),
                            pid: 4711, limits: limits, groupPath: "web/0@4")
                    ], ended: [], past: past, lastReadyTime: .milliseconds(30), lastStopTime: .milliseconds(1500)),
                WorkerDetail(
                    id: WorkerID(service: "web", number: 1), state: .waiting, restarts: [:], kills: 0, live: [],
                    ended: [], past: past),
            ])
        let queue = ServiceState(
            name: #"queue "\""#, wanted: 1, healthyPercentage: 100, limits: ResourceLimits(), hasGroup: false,
            counters: ServiceCounters(),
            workers: [
                WorkerDetail(
                    id: WorkerID(service: #"queue "\""#, number: 0), state: .failed, restarts: [:], kills: 0, live: [],
                    ended: [], past: Usage())
            ])
        var turns = DurationHistogram()
        turns.add(.microseconds(62_500))
        turns.add(.milliseconds(250))
        let state = FleetState(
            summary: FleetSummary(services: 2, workers: 3, ready: 1, failed: 1), now: .seconds(100),
            wallClock: 1_700_000_100, lastEvent: EventID(run: 1, number: 17), healthyPercentage: 50,
            ends: 4, services: [web, queue], core: FleetState.CoreLoad(wakeUps: 23, turns: turns))
        var survey = Survey(state: state, groups: groups)
        survey.incarnations["web/0@4"] = Statistics.example
        survey.services["web"] = Statistics.example
        var leader = ProcessFigures()
        leader.openDescriptors = 12
        leader.openDescriptorsMax = 1024
        leader.virtualBytes = 9 << 20
        leader.residentBytes = 3 << 20
        survey.leaders["web/0@4"] = leader
        return survey
    }
}

extension Statistics {
    /// Texts as a kernel writes them.
    static var example: Statistics {
        var statistics = Statistics(
            cpu: CPUStatistics(
                parsing: """
                    usage_usec 3750001
                    user_usec 2500001
                    system_usec 1250000
                    nr_periods 120
                    nr_throttled 17
                    throttled_usec 930000

                    """.utf8.span))
        statistics.memory = MemoryStatistics(
            current: 70_000_000, peak: 80_000_000, swapCurrent: 4096,
            composition: .init(parsing: "anon 30000000\nfile 40000000\ninactive_file 10000000\n".utf8.span))
        statistics.memoryEvents = MemoryEvents(parsing: "low 0\nhigh 5\nmax 4\noom 3\noom_kill 2\n".utf8.span)
        statistics.tasks = TaskStatistics(current: 9, limitHits: 6)
        statistics.io = IOStatistics(parsing: "8:0 rbytes=1024 wbytes=2048 rios=3 wios=4\n".utf8.span)
        let pressure = """
            some avg10=1.00 avg60=0.50 avg300=0.10 total=7000001
            full avg10=0.00 avg60=0.00 avg300=0.00 total=60

            """
        statistics.cpuPressure = PressureStatistics(parsing: pressure.utf8.span)
        statistics.memoryPressure = PressureStatistics(parsing: pressure.utf8.span)
        statistics.ioPressure = PressureStatistics(parsing: pressure.utf8.span)
        return statistics
    }
}

func text(
    _ survey: Survey, _ format: MetricsFormat = .openMetrics, aliases: Set<MetricsSpecification.Alias> = []
) -> String {
    String(
        decoding: MetricsText.metrics(of: survey, format: format, aliases: aliases, version: "1.2.3"), as: UTF8.self)
}
