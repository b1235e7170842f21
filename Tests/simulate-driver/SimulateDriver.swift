import ArgumentParser
import DriverSimulation

@main struct SimulateDriver: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate-driver",
        abstract: "Run Cadre's driver through a simulated kernel, in virtual time, and check what must hold.",
        discussion: """
            What runs is the product's own code: the supervisor, what starts processes, cgroups, the event loop. The calls \
            that it makes of the kernel are answered by a simulated one, in which programs crash, hang, run out of memory \
            and say nothing, calls fail, operators command, and supervisors are killed in the midst of a call. Each seed \
            makes another world, and the same seed the same one. If something that must hold doesn't, the disturbances are cut \
            down to those that are needed for it, these are printed with what happened last, and the exit status is 1.
            """)

    @Option(help: "The seed of the first world.")
    var seed: UInt64 = 0

    @Option(help: "How many worlds, of seeds one after another.")
    var worlds: UInt64 = 20

    @Option(help: "How many hours each of them lasts, in virtual time.")
    var hours: Double = 4

    @Option(
        help: ArgumentHelp("Let only these of the world's disturbances happen: 0,3-5, or none.", valueName: "numbers"))
    var only: IndexSet?

    @Flag(inversion: .prefixedNo, help: "Look for the shortest history that leads to what doesn't hold.")
    var minimise = true

    @Flag(help: "Print all that happens in the first world, and run no other.")
    var verbose = false

    @Flag(help: .hidden)
    var inThisProcess = false

    func validate() throws {
        if worlds == 0 { throw ValidationError("--worlds is at least 1") }
        if !(hours > 0 && hours <= 10_000) { throw ValidationError("--hours is more than 0, and 10000 at the most") }
    }

    func run() throws {
        if inThisProcess { return try runHere() }
        let clock = ContinuousClock()
        let start = clock.now
        let isGood = try runWorlds(
            verbose ? [seed] : Array(seed..<seed + worlds), hours: hours, only: only?.indices, isPrinted: verbose,
            minimises: minimise && !verbose)
        print("\(((clock.now - start) / .seconds(1)).rounded()) s")
        guard isGood else { throw ExitCode.failure }
        print("Everything held.")
    }

    private func runHere() throws {
        let outcome = try simulateDriver(
            DriverScenario(seed: seed, hours: hours), only: only.map { Set($0.indices) }, isPrinted: verbose)
        guard let violation = outcome.violation else {
            return print(
                "seed \(seed): \((outcome.virtualTime / .seconds(3600)).rounded()) hours, \(outcome.executions) executions, "
                    + "\(outcome.deaths) deaths of supervisors, history \(outcome.digest)")
        }
        if !verbose { for line in outcome.history { print("  \(line)") } }
        print("seed \(seed): \(violation)")
        throw ExitCode.failure
    }
}
