import Testing

@testable import ControlGroups

@Suite("Statistics from the kernel's texts")
struct StatisticsTests {
    @Test("cpu.stat with the cpu controller")
    func cpu() {
        let text = """
            usage_usec 8734211
            user_usec 6120455
            system_usec 2613756
            nice_usec 0
            core_sched.force_idle_usec 0
            nr_periods 120
            nr_throttled 17
            throttled_usec 934211
            nr_bursts 0
            burst_usec 0

            """
        let statistics = CPUStatistics(parsing: text.utf8.span)
        #expect(statistics.usageMicroseconds == 8_734_211)
        #expect(statistics.userMicroseconds == 6_120_455)
        #expect(statistics.systemMicroseconds == 2_613_756)
        #expect(statistics.throttling?.periods == 120)
        #expect(statistics.throttling?.throttledPeriods == 17)
        #expect(statistics.throttling?.throttledMicroseconds == 934_211)
    }

    @Test("cpu.stat without the cpu controller has no throttling")
    func cpuWithoutController() {
        let statistics = CPUStatistics(parsing: "usage_usec 12\nuser_usec 7\nsystem_usec 5\n".utf8.span)
        #expect(statistics.usageMicroseconds == 12)
        #expect(statistics.throttling == nil)
    }

    @Test("memory.stat, whose keys are prefixes of each other and come in any order")
    func memory() {
        let text = """
            anon 39280640
            file 1163264
            kernel 1974272
            kernel_stack 65536
            pagetables 606208
            sock 4096
            shmem 12288
            file_mapped 573440
            swapcached 0
            inactive_anon 39256064
            active_anon 8192
            inactive_file 450560
            active_file 700416
            unevictable 0
            pgfault 11231
            pgmajfault 6
            """
        let composition = MemoryStatistics.Composition(parsing: text.utf8.span)
        #expect(composition.anonymous == 39_280_640)
        #expect(composition.file == 1_163_264)
        #expect(composition.kernel == 1_974_272)
        #expect(composition.sockets == 4096)
        #expect(composition.sharedMemory == 12_288)
        #expect(composition.inactiveFile == 450_560)
        #expect(composition.activeFile == 700_416)
        #expect(composition.pageFaults == 11_231)
        #expect(composition.majorPageFaults == 6)
        // Another order, as of another kernel; and no `kernel`, as before 5.18.
        let older = MemoryStatistics.Composition(parsing: "pgfault 3\nactive_file 2\nkernel_stack 9\nanon 1".utf8.span)
        #expect(older.pageFaults == 3)
        #expect(older.activeFile == 2)
        #expect(older.anonymous == 1)
        #expect(older.kernel == nil)
    }

    @Test("memory.events with and without group kills")
    func memoryEvents() {
        let text = "low 0\nhigh 41\nmax 12\noom 2\noom_kill 5\noom_group_kill 1\n"
        let events = MemoryEvents(parsing: text.utf8.span)
        #expect(events.high == 41)
        #expect(events.max == 12)
        #expect(events.outOfMemory == 2)
        #expect(events.outOfMemoryKills == 5)
        #expect(events.groupKills == 1)
        #expect(MemoryEvents(parsing: "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n".utf8.span).groupKills == nil)
    }

    @Test("io.stat is summed over devices, whatever lines are broken")
    func io() {
        let text = """
            8:16 8:0 rbytes=90112 wbytes=4096 rios=22 wios=1 dbytes=50331648 dios=3021
            253:0 \n259:3 rbytes=1000 wbytes=2 rios=3 wios=4 dbytes=0 dios=0

            """
        let statistics = IOStatistics(parsing: text.utf8.span)
        #expect(statistics.readBytes == 91_112)
        #expect(statistics.writtenBytes == 4098)
        #expect(statistics.reads == 25)
        #expect(statistics.writes == 5)
        #expect(IOStatistics(parsing: "".utf8.span).readBytes == 0)
    }

    @Test("pressure with and without the full line")
    func pressure() throws {
        let text = """
            some avg10=12.34 avg60=1.05 avg300=0.20 total=5123456
            full avg10=0.00 avg60=0.50 avg300=100.00 total=77

            """
        let parsed = PressureStatistics(parsing: text.utf8.span)
        let pressure = try #require(parsed)
        #expect(pressure.some.average10 == 12.34)
        #expect(pressure.some.average60 == 1.05)
        #expect(pressure.some.average300 == 0.2)
        #expect(pressure.some.totalMicroseconds == 5_123_456)
        #expect(pressure.full?.average60 == 0.5)
        #expect(pressure.full?.average300 == 100)
        #expect(pressure.full?.totalMicroseconds == 77)
        let older = PressureStatistics(parsing: "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n".utf8.span)
        #expect(older?.some.totalMicroseconds == 9)
        #expect(older?.full == nil)
        #expect(PressureStatistics(parsing: "".utf8.span) == nil)
    }

    @Test("cgroup.events")
    func events() {
        #expect(CgroupEvents(parsing: "populated 1\nfrozen 0\n".utf8.span).populated)
        #expect(!CgroupEvents(parsing: "populated 0\nfrozen 1\n".utf8.span).populated)
        #expect(CgroupEvents(parsing: "populated 0\nfrozen 1\n".utf8.span).frozen)
    }

    @Test("the working set is what is left without inactive page cache, and never negative")
    func workingSet() {
        let text = "inactive_file 450560\n"
        var statistics = MemoryStatistics(current: 1_000_000, composition: .init(parsing: text.utf8.span))
        #expect(statistics.workingSet == 549_440)
        statistics.current = 100
        #expect(statistics.workingSet == 0)
    }
}
