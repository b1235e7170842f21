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
        #expect(
            limits.writes() == [
                LimitWrite(.memory, "memory.max", "536870912"),
                LimitWrite(.memory, "memory.high", "max"),
                LimitWrite(.memory, "memory.swap.max", "0"),
                LimitWrite(.cpu, "cpu.max", "150000 100000"),
                LimitWrite(.cpu, "cpu.weight", "200"),
                LimitWrite(.pids, "pids.max", "64"),
                LimitWrite(.io, "io.weight", "default 50"),
            ])
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

    @Test("cgroup.controllers is read by the names that we use")
    func controllers() {
        #expect(Controller.parse("cpuset cpu io memory hugetlb pids rdma misc\n") == [.cpu, .io, .memory, .pids])
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
