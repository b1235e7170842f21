import Cadre
import Reactor
import Testing

/// What the two processes that stay hold in memory.
@Suite(.needsControlGroups) struct MemoryTests {
    @Test("what only the start needed is given back: by the keeper, and by the supervisor when all workers are ready")
    func startUpMemory() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            for process in [supervisor.keeper, try supervisor.supervisor()] {
                let end = ContinuousClock.now + .seconds(60)
                var memory = try Self.memory(of: process)
                while memory.fromFiles * 3 > memory.peak, ContinuousClock.now < end {
                    memory = try Self.memory(of: process)
                }
                #expect(memory.fromFiles * 3 <= memory.peak, "process \(process) keeps \(memory)")
            }
            // It comes back as it is needed.
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    /// How much of a process's memory is mapped from files, and how much memory it had at the most; in KiB.
    private static func memory(of process: Int32) throws -> (fromFiles: Int, peak: Int) {
        let path = "/proc/\(process)/status"
        let lines = try Descriptor.open(path).readText(path).split(separator: "\n")
        func value(_ key: String) throws -> Int {
            let line = try #require(lines.first { $0.hasPrefix("\(key):") })
            return try #require(Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]))
        }
        return (try value("RssFile"), try value("VmHWM"))
    }
}
