import Cadre
import ControlAPI
import Glibc
import Processes
import Reactor
import Testing

extension SupervisorProcess {
    /// The path of its journal.
    var statePath: String { "\(runtimeDirectory)/state" }

    /// Kills the supervisor, and lets no other be started before `body` is through; returns when the next one goes on.
    func absent(at location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws {
        while try hasPrinted("going on with ") {}
        try leave(body)
        try expect("going on with ", at: location)
    }

    /// The same, and doesn't wait for the next one.
    func leave(_ body: () throws -> Void) throws {
        // What is logged by now is written down when this is answered. What wasn't would happen once more.
        _ = try get("/v1")
        let witness = try Witness(try supervisor())
        // Stopped, the keeper sees nothing of it.
        kill(keeper, SIGSTOP)
        defer { kill(keeper, SIGCONT) }
        while try !Descriptor.open("/proc/\(keeper)/stat").readText().contains(") T ") { sched_yield() }
        kill(try supervisor(), SIGKILL)
        #expect(try witness.sawEnd())
        try body()
    }

    /// How `inspect` shows a worker.
    func inspect(_ worker: String) throws -> Inspection {
        let parts = worker.split(separator: "/")
        let (service, number) = (String(parts[0]), try #require(Int(parts[1])))
        return try ask { try await $0.inspect(number, of: service) }
    }
}
