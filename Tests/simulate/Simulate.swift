import ArgumentParser
import Simulation
import Supervision

/// Runs the state machines of services and workers through simulated time.
@main struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run Cadre's state machines through virtual time, and check what must hold after every event.",
        discussion: """
            Each seed makes another world: services, how their programs fail, what operators do, when supervisors die. The \
            same seed makes the same world. If something that must hold doesn't, the history is cut down to what is \
            needed for it and printed, and the exit status is 1.
            """)

    @Option(help: "The seed of the first world.")
    var seed: UInt64 = 0

    @Option(help: "How many worlds, of seeds one after another.")
    var worlds: UInt64 = 100

    @Option(help: "How many hours each of them lasts, in virtual time.")
    var hours: Double = 24

    @Flag(help: "Print the history of the first world, and what happened last in it.")
    var verbose = false

    func validate() throws {
        if worlds == 0 { throw ValidationError("--worlds is at least 1") }
        if !(hours > 0 && hours <= 100_000) { throw ValidationError("--hours is more than 0, and 100000 at the most") }
    }

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        var all = Tally()
        for seed in seed..<seed + worlds {
            let scenario = Scenario(seed: seed, hours: hours)
            if verbose, seed == self.seed { scenario.disturbances.forEach { print($0) } }
            do throws(Violation) {
                all += try simulate(scenario)
            } catch {
                print("seed \(seed): \(error)")
                print("looking for the shortest history that leads there")
                print(minimise(scenario, error))
                throw ExitCode.failure
            }
        }
        let seconds = (clock.now - start) / .seconds(1)
        let virtual = all.virtualTime / .seconds(86400)
        print(
            """
            \(worlds) worlds, \(virtual.rounded()) days of virtual time in \((seconds * 10).rounded() / 10) s
            \(all.events) events, \(all.executions) executions, \(all.supervisorDeaths) deaths of supervisors
            roll-outs: \(all.rolloutsDone) done, \(all.rolloutsFailed) failed; workers given up: \(all.failures)
            ends: \(all.ends.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", "))
            Everything held.
            """)
    }
}
