import CLinux
import Processes
import Reactor

/// Runs each world in a process of its own, as many at once as there are processors, and prints what they print in the
/// order of their seeds. Returns whether everything held.
///
/// A crash of the driver is told like all else that doesn't hold.
func runWorlds(_ seeds: [UInt64], hours: Double, isPrinted: Bool) throws -> Bool {
    var waiting = seeds[...]
    var running: [(seed: UInt64, process: Shared<Child>, output: Shared<Descriptor>)] = []
    var isGood = true
    while true {
        while running.count < max(1, Int(cadre_processor_count())), let seed = waiting.popFirst() {
            var ends: [Int32] = [-1, -1]
            try systemCall("pipe2") { cadre_pipe(&ends) }
            let reading = Descriptor(owning: ends[0])
            let writing = Descriptor(owning: ends[1])
            let arguments = ["simulate-driver", "--in-this-process", "--seed", "\(seed)", "--hours", "\(hours)"]
            let child = try spawn(
                SpawnRequest(
                    arguments: arguments + (isPrinted ? ["--verbose"] : []), program: "/proc/self/exe",
                    // Sets have the same order each time, as the driver walks through them.
                    environment: ["SWIFT_DETERMINISTIC_HASHING=1", "SWIFT_BACKTRACE=enable=no"],
                    descriptors: [0, writing.rawValue, writing.rawValue]))
            running.append((seed, Shared(child), Shared(reading)))
        }
        guard !running.isEmpty else { return isGood }
        let first = running.removeFirst()
        print(try first.output.value.readText(), terminator: "")
        fflush(nil)
        var exit: ProcessExit?
        while exit == nil {
            var request = pollfd(fd: first.process.value.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&request, 1, -1)
            exit = try Pidfd.reap(first.process.value.pidfd)
        }
        if exit != .exited(code: 0) {
            isGood = false
            // What didn't hold is told already.
            if exit != .exited(code: 1), let exit { print("seed \(first.seed): the driver \(exit)") }
        }
    }
}

private final class Shared<Value: ~Copyable> {
    let value: Value

    init(_ value: consuming Value) { self.value = value }
}
