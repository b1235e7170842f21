import CLinux
import DriverSimulation
import Processes
import Reactor

/// A world that runs in a process of its own: a crash of the driver is told like all else that doesn't hold.
final class RunningWorld {
    let seed: UInt64
    private let process: Child
    private let output: Descriptor

    /// What came of it.
    struct Result {
        let output: String
        /// The last line that it printed of itself, or how it ended; nil if all that must hold did.
        let violation: String?
    }

    /// - Parameter kept: the disturbances that happen; nil for all.
    init(seed: UInt64, hours: Double, only kept: [Int]? = nil, isPrinted: Bool = false) throws {
        self.seed = seed
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { cadre_pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        var arguments = ["simulate-driver", "--in-this-process", "--seed", "\(seed)", "--hours", "\(hours)"]
        if let kept { arguments += ["--only", IndexSet(kept).description] }
        let process = try spawn(
            SpawnRequest(
                arguments: arguments + (isPrinted ? ["--verbose"] : []), program: "/proc/self/exe",
                // Sets have the same order each time, as the driver walks through them.
                environment: ["SWIFT_DETERMINISTIC_HASHING=1", "SWIFT_BACKTRACE=enable=no"],
                descriptors: [0, writing.rawValue, writing.rawValue]))
        self.process = process
        output = reading
    }

    /// Waits until it has ended.
    func finish() throws -> Result {
        let text = try output.readText()
        var exit: ProcessExit?
        while exit == nil {
            var request = pollfd(fd: process.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&request, 1, -1)
            exit = try Pidfd.reap(process.pidfd)
        }
        switch exit {
        case .exited(code: 0), nil: return Result(output: text, violation: nil)
        case .exited(code: 1):
            // What didn't hold is told already.
            let line = text.split(separator: "\n").last { $0.hasPrefix("seed \(seed): ") } ?? "nothing is told"
            return Result(output: text, violation: String(line))
        case .some(let exit):
            let line = "seed \(seed): the driver \(exit)"
            return Result(output: "\(text)\(line)\n", violation: line)
        }
    }
}

/// Runs each world, as many at once as there are processors, and prints what they print in the order of their seeds, until
/// one of them fails, whose history is then cut down. Returns whether everything held.
func runWorlds(_ seeds: [UInt64], hours: Double, only kept: [Int]?, isPrinted: Bool, minimises: Bool) throws -> Bool {
    var waiting = seeds[...]
    var running: [RunningWorld] = []
    while true {
        while running.count < max(1, Int(cadre_processor_count())), let seed = waiting.popFirst() {
            running.append(try RunningWorld(seed: seed, hours: hours, only: kept, isPrinted: isPrinted))
        }
        guard !running.isEmpty else { return true }
        let first = running.removeFirst()
        let seed = first.seed
        let result = try first.finish()
        guard let violation = result.violation else {
            print(result.output, terminator: "")
            fflush(nil)
            continue
        }
        // The others that run are no longer of interest.
        for other in running { _ = try other.finish() }
        if minimises {
            print(violation)
            try minimise(DriverScenario(seed: seed, hours: hours), hours: hours, kept, violation)
        } else {
            print(result.output, terminator: "")
        }
        return false
    }
}
