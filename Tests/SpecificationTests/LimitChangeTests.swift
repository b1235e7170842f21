import ControlGroups
import Specification
import Testing

@Suite struct LimitChangeTests {
    private static let everything = [
        "memory_max": "1G", "memory_high": "512M", "memory_swap_max": "0", "cpu_max": "12.5%", "cpu_weight": "200",
        "tasks_max": "64", "io_weight": "50", "cpuset_cpus": "1,0", "cpuset_mems": "0",
    ]

    @Test("amounts are read as in the configuration")
    func amounts() throws {
        var change = LimitChange()
        change.memoryMax = .set(.bytes(1 << 30))
        change.memoryHigh = .set(.bytes(512 << 20))
        change.memorySwapMax = .set(.bytes(0))
        change.cpuMaxPercent = .set(12.5)
        change.cpuWeight = .set(200)
        change.tasksMax = .set(64)
        change.ioWeight = .set(50)
        change.cpusetProcessors = .set("0-1")
        change.cpusetMemoryNodes = .set("0")
        #expect(try LimitChange.parse(Self.everything) == change)
        #expect(try LimitChange.parse(["memory_max": "1048576"]).memoryMax == .set(.bytes(1 << 20)))
    }

    @Test("what is not named stays as it is")
    func untouched() throws {
        var expected = ResourceLimits()
        expected.memoryMax = .bytes(1 << 20)
        expected.tasksMax = 7
        let before = expected
        expected.tasksMax = 8
        #expect(try LimitChange.parse(["tasks_max": "8"]).applied(to: before) == expected)
    }

    @Test("\"none\" takes any limit away")
    func none() throws {
        let limits = try LimitChange.parse(Self.everything).applied(to: ResourceLimits())
        #expect(limits.writes().count == Self.everything.count)
        let nothing = try LimitChange.parse(Self.everything.mapValues { _ in "none" })
        #expect(try nothing.applied(to: limits) == ResourceLimits())
    }

    @Test("\"infinity\" is no limit, where the configuration has it")
    func infinity() throws {
        let change = try LimitChange.parse(["memory_max": "infinity", "cpu_max": "infinity", "tasks_max": "infinity"])
        #expect(change.memoryMax == .set(.infinity) && change.cpuMaxPercent == .remove && change.tasksMax == .remove)
    }

    @Test(
        "what is wrong is told with its key, in the configuration's words and bounds",
        arguments: [
            (["memory_max": "512X"], "memory_max: \"512X\" is not a size; write \"512M\""),
            (["memory_max": "-1"], "memory_max: -1 is an integer, not a size; write \"512M\""),
            (["memory_max": "1.5"], "memory_max: 1.5 is a number with a fraction, not a size; write \"512M\""),
            (["memory_max": "0"], "memory_max: no program runs without memory; write a size such as \"512M\""),
            (["memory_max": ""], "memory_max: \"\" is not a size; write a size such as \"512M\", or \"infinity\""),
            (["cpu_max": "150"], "cpu_max: 150 has no unit; write \"150%\" for hundredths of one processor"),
            (["cpu_weight": "10001"], "cpu_weight: 10001 is out of range; write 1 to 10000"),
            (["io_weight": "infinity"], "io_weight: \"infinity\" is a string, not an integer; write 1 to 10000"),
            (["tasks_max": "+5"], "tasks_max: \"+5\" is a string, not an integer; write 5 without quotes"),
            (["memroy_max": "none"], "memroy_max: unknown key; did you mean \"memory_max\"?"),
            (
                ["memory_max": "1G", "memory_high": "2G"],
                "memory_high: 2G is above memory_max (1G), so it would never be reached; write less"
            ),
            (
                ["tasks_max": "0", "cpu_weight": "x"],
                "cpu_weight: \"x\" is a string, not an integer; write 1 to 10000; tasks_max: 0 is out of range; write 1 to 4194304"
            ),
            (
                [:],
                "no limit is named; there are memory_max, memory_high, memory_swap_max, cpu_max, cpu_weight, tasks_max, io_weight, cpuset_cpus, cpuset_mems"
            ),
        ] as [([String: String], String)])
    func problems(texts: [String: String], message: String) {
        do throws(LimitChangeError) {
            _ = try LimitChange.parse(texts)
            Issue.record("nothing was reported")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("a limit that contradicts one that stays is an error")
    func contradiction() throws {
        var limits = ResourceLimits()
        limits.memoryHigh = .bytes(448 << 20)
        let change = try LimitChange.parse(["memory_max": "256M"])
        do throws(LimitChangeError) {
            _ = try change.applied(to: limits)
            Issue.record("nothing was reported")
        } catch {
            let message = "448M is above memory_max (256M), so it would never be reached; write less"
            #expect(error.problems.map(\.key) == ["memory_high"] && error.problems.map(\.message) == [message])
        }
        #expect(try change.applied(to: ResourceLimits()).memoryMax == .bytes(256 << 20))
    }
}
