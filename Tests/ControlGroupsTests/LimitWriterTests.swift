import ControlGroups
import Testing

@Suite("Limits as writes")
struct LimitWriterTests {
    @Test("every limit is written to the kernel's file in the kernel's form")
    func writes() {
        var limits = ResourceLimits()
        #expect(limits.writes().isEmpty)
        limits.memoryMax = .bytes(536_870_912)
        limits.memoryHigh = .infinity
        limits.memorySwapMax = .bytes(0)
        limits.cpuMaxPercent = 150
        limits.cpuWeight = 200
        limits.tasksMax = 64
        limits.ioWeight = 50
        limits.cpusetProcessors = "0-3,6"
        limits.cpusetMemoryNodes = "0"
        #expect(
            limits.writes() == [
                LimitWrite(.memory, "memory.max", "536870912"),
                LimitWrite(.memory, "memory.high", "max"),
                LimitWrite(.memory, "memory.swap.max", "0"),
                LimitWrite(.cpu, "cpu.max", "150000 100000"),
                LimitWrite(.cpu, "cpu.weight", "200"),
                LimitWrite(.pids, "pids.max", "64"),
                LimitWrite(.io, "io.weight", "default 50"),
                LimitWrite(.cpuset, "cpuset.cpus", "0-3,6"),
                LimitWrite(.cpuset, "cpuset.mems", "0"),
            ])
    }

    @Test("processors that are limited no more are those of the cgroup above")
    func cpuset() {
        var limits = ResourceLimits()
        limits.cpusetProcessors = "1"
        #expect(ResourceLimits().changes(from: limits) == [LimitWrite(.cpuset, "cpuset.cpus", "\n")])
    }

    @Test(
        "a share of the processors becomes microseconds in 100 ms",
        arguments: [
            (150.0, "150000"), (12.5, "12500"), (0.1, "100"), (33.3333, "33333"), (.infinity, "max"), (-1, "-1.0"),
            (.nan, "nan"), (1e300, "1e+300"),
        ])
    func quota(percent: Double, text: String) {
        var limits = ResourceLimits()
        limits.cpuMaxPercent = percent
        #expect(limits.writes() == [LimitWrite(.cpu, "cpu.max", "\(text) 100000")])
    }

    @Test("to a cgroup that runs, what differs is written, and the kernel's own value where a limit is no more")
    func changes() {
        var old = ResourceLimits()
        old.memoryMax = .bytes(1 << 29)
        old.memoryHigh = .bytes(1 << 28)
        old.memorySwapMax = .bytes(0)
        old.cpuMaxPercent = 150
        old.cpuWeight = 200
        old.tasksMax = 64
        old.ioWeight = 50
        #expect(old.changes(from: old).isEmpty)
        #expect(old.changes(from: ResourceLimits()) == old.writes())
        #expect(
            ResourceLimits().changes(from: old) == [
                LimitWrite(.memory, "memory.max", "max"),
                LimitWrite(.memory, "memory.high", "max"),
                LimitWrite(.memory, "memory.swap.max", "max"),
                LimitWrite(.cpu, "cpu.max", "max 100000"),
                LimitWrite(.cpu, "cpu.weight", "100"),
                LimitWrite(.pids, "pids.max", "max"),
                LimitWrite(.io, "io.weight", "default 100"),
            ])
        var new = old
        new.memoryMax = .bytes(1 << 30)
        new.cpuWeight = nil
        #expect(
            new.changes(from: old) == [
                LimitWrite(.memory, "memory.max", "1073741824"), LimitWrite(.cpu, "cpu.weight", "100"),
            ])
    }

    @Test("a limit that is what the kernel has anyway is no change")
    func noChange() {
        var limits = ResourceLimits()
        limits.memoryMax = .infinity
        limits.cpuMaxPercent = .infinity
        limits.cpuWeight = 100
        limits.ioWeight = 100
        #expect(limits.changes(from: ResourceLimits()).isEmpty)
        #expect(ResourceLimits().changes(from: limits).isEmpty)
    }

    @Test("cgroup.controllers is read by the names that we use")
    func controllers() {
        #expect(
            Controller.parse("cpuset cpu io memory hugetlb pids rdma misc\n") == [.cpu, .cpuset, .io, .memory, .pids])
        #expect(Controller.parse("hugetlb\n").isEmpty)
        #expect(Controller.parse("").isEmpty)
    }

    @Test("an error names limit, controller, cgroup and remedy")
    func sentences() {
        let missing =
            "\(ControlGroupError.controllerUnavailable(limit: "cpu.max", controller: .cpu, path: "/cg/a", reason: nil))"
        for part in ["cpu.max", "cpu controller", "/cg/a", "Delegate=yes", "user@.service"] {
            #expect(missing.contains(part))
        }
        let busy = ControlGroupError.controllerUnavailable(
            limit: "cpu.max", controller: .cpu, path: "/cg/a", reason: "other processes live in /cg")
        #expect("\(busy)" == "cpu.max needs the cpu controller, which /cg/a does not have: other processes live in /cg")
    }
}
