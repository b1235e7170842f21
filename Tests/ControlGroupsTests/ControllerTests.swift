import CLinux
import Reactor
import SystemPackage
import Testing

@testable import ControlGroups

@Suite("Limits on a cgroup", .enabled(if: Machine.isWritable, "needs a writable cgroup2 mount"))
struct ControllerTests {
    @Test("a limit whose controller is missing is an error, or is left out at best effort")
    func missingController() throws {
        let sandbox = try Sandbox()
        var limits = ResourceLimits()
        limits.memoryMax = .bytes(1 << 20)
        limits.cpuWeight = 50
        let memory = ControlGroupError.controllerUnavailable(
            limit: "memory.max", controller: .memory, path: sandbox.group.path, reason: nil)
        let cpu = ControlGroupError.controllerUnavailable(
            limit: "cpu.weight", controller: .cpu, path: sandbox.group.path, reason: "why")
        #expect(throws: memory) { try limits.apply(to: sandbox.group, available: []) }
        #expect(
            try limits.apply(to: sandbox.group, available: [], unavailable: [.cpu: "why"], bestEffort: true) == [
                memory, cpu,
            ])
        #expect(throws: cpu) {
            var changed = limits
            changed.cpuWeight = nil
            try changed.applyChanges(from: limits, to: sandbox.group, available: [], unavailable: [.cpu: "why"])
        }
    }

    @Test(
        "every limit arrives in the kernel",
        .enabled(if: Machine.hasControllers, "needs the controllers of the virtual machine"))
    func everyLimit() throws {
        let all = Set(Controller.allCases)
        let sandbox = try Sandbox(controllers: all)
        var limits = ResourceLimits()
        limits.memoryMax = .bytes(64 << 20)
        limits.memoryHigh = .bytes(48 << 20)
        limits.cpuMaxPercent = 150
        limits.cpuWeight = 200
        limits.tasksMax = 64
        #expect(try limits.apply(to: sandbox.group, available: all).isEmpty)
        #expect(try sandbox.group.read("memory.max") == "67108864\n")
        #expect(try sandbox.group.read("memory.high") == "50331648\n")
        #expect(try sandbox.group.read("memory.oom.group") == "1\n")
        #expect(try sandbox.group.read("cpu.max") == "150000 100000\n")
        #expect(try sandbox.group.read("cpu.weight") == "200\n")
        #expect(try sandbox.group.read("pids.max") == "64\n")
        var fewer = ResourceLimits()
        fewer.memoryMax = .bytes(96 << 20)
        #expect(try fewer.applyChanges(from: limits, to: sandbox.group, available: all).isEmpty)
        #expect(try sandbox.group.read("memory.max") == "100663296\n")
        #expect(try sandbox.group.read("memory.high") == "max\n")
        #expect(try sandbox.group.read("cpu.max") == "max 100000\n")
        #expect(try sandbox.group.read("cpu.weight") == "100\n")
        #expect(try sandbox.group.read("pids.max") == "max\n")
        let statistics = try sandbox.group.statistics()
        // Periods are counted from when cpu.max was set, whoever runs: one may have passed.
        #expect(statistics.cpu.throttling?.throttledPeriods == 0)
        #expect(statistics.memory?.current == 0)
        #expect(statistics.memoryEvents?.outOfMemoryKills == 0)
        #expect(statistics.tasks?.current == 0)
        #expect(statistics.io?.reads == 0)
    }

    @Test(
        "a value that the kernel refuses is an error even at best effort",
        .enabled(if: Machine.hasControllers, "needs the controllers of the virtual machine"))
    func refused() throws {
        let all = Set(Controller.allCases)
        let sandbox = try Sandbox(controllers: all)
        var limits = ResourceLimits()
        limits.cpuWeight = 20_000
        #expect(
            throws: ControlGroupError.limitRefused(
                limit: "cpu.weight", value: "20000", path: sandbox.group.path, errno: .outOfRange)
        ) { try limits.apply(to: sandbox.group, available: all, bestEffort: true) }
    }

    @Test(
        "controllers reach the workers of a service, and a cgroup with other processes says why not",
        .enabled(if: Machine.hasControllers, "needs the controllers of the virtual machine"))
    func delegation() async {
        await #expect(processExitsWith: .success) {
            let all = Set(Controller.allCases)
            let sandbox = try Sandbox(controllers: all)
            do {
                let root = try DelegatedRoot.takeOver(sandbox.group.path)
                #expect(root.available == all)
                let worker = try root.serviceGroup("web").makeChild("0@1")
                #expect(try worker.controllers() == all)
            }
            let crowded = try Sandbox(controllers: all)
            let sleeper = try Sleeper(in: crowded.group)
            let root = try DelegatedRoot.takeOver(crowded.group.path)
            #expect(root.available.isEmpty)
            #expect(root.unavailable[.memory]?.contains("pid \(sleeper.process)") == true)
        }
    }
}
