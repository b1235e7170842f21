import CSimulatedKernel
import Cadre
import Glibc
package import Simulation
import Specification
import Supervision

/// What came of a world.
package struct DriverOutcome: Sendable {
    /// What didn't hold, if something.
    package var violation: Violation?
    /// The same for the same history.
    package var digest: UInt64
    package var entries: Int
    package var deaths: Int
    package var executions: Int
    package var virtualTime: Duration
    /// The last of what happened, line by line.
    package var history: [String]
}

/// Runs the driver, as it is in the product, through a scenario.
///
/// To be called once in a process, of which it takes the main thread: supervisors that are killed leave behind their
/// memory, and what holds in a process of its own doesn't depend on what was before.
///
/// Left out is what the driver has other threads for: probes, the relay of logs, the API.
///
/// - Parameter kept: the indices of the disturbances that happen; nil for all of them.
package func simulateDriver(
    _ scenario: DriverScenario, only kept: Set<Int>? = nil, isPrinted: Bool = false
) throws -> DriverOutcome {
    simulation_enter()
    defer { simulation_leave() }
    let world = DriverWorld(scenario, only: kept)
    kernel.trace.isPrinted = isPrinted
    let start = kernel.now
    try world.run()
    if kernel.violation == nil { world.checkEnd() }
    return DriverOutcome(
        violation: kernel.violation, digest: kernel.trace.digest, entries: kernel.trace.count, deaths: conductor.deaths,
        executions: world.executions, virtualTime: .nanoseconds(kernel.now - start), history: kernel.trace.last)
}

/// Services, what their programs do, what operators do, and when supervisors die.
final class DriverWorld: @unchecked Sendable {
    let scenario: DriverScenario
    private let kept: Set<Int>?
    var isPeace = false
    private(set) var executions = 0
    /// The services whose programs do wrong.
    var doesWrong: Set<String> = []
    /// Until when what is executed for a service crashes at once.
    var flapsUntil: [String: Int64] = [:]
    /// What the latest supervisor has accepted since it last slept.
    var accepted: [Order] = []
    var workers: [WorkerID: SeenWorker] = [:]
    var services: [String: SeenService] = [:]
    /// How those ended that led incarnations, by their cgroups.
    var ends: [String: (pid: Int32, status: Int32)] = [:]
    /// Whether anything has happened to a process since the supervisor's word was last compared with the kernel's.
    var hasChanged = true

    init(_ scenario: DriverScenario, only kept: Set<Int>?) {
        self.scenario = scenario
        self.kept = kept
        kernel = Kernel(seed: scenario.seed)
        conductor = Conductor(seed: scenario.seed, Specification(services: scenario.services))
        kernel.execute = { [unowned self] in execute($0, $1, $2) }
        kernel.told = { [unowned self] in told($0, $1) }
        kernel.ended = { [unowned self] in ended($0) }
        conductor.died = { [unowned self] in
            accepted = []
            // It may not have been able to write down what was paid for.
            if kernel.hadFullDisk { DriverScenario.names.forEach(forgive) }
        }
        for service in scenario.services {
            services[service.name] = SeenService(service)
            for number in 0..<DriverScenario.mostWorkers {
                workers[WorkerID(service: service.name, number: number)] = SeenWorker()
            }
        }
        conductor.check = { [unowned self] in check() }
    }

    func run() throws {
        for disturbance in scenario.disturbances {
            if disturbance.at == 0 {
                begin(disturbance)
            } else {
                kernel.after(disturbance.at) { [unowned self] in begin(disturbance) }
            }
        }
        kernel.after(scenario.length) { [unowned self] in makePeace() }
        try conductor.run()
    }

    private func begin(_ disturbance: TimedDriverDisturbance) {
        // What the kernel does from here on doesn't depend on how much it did before, whatever is left out.
        kernel.random = kernel.generator("disturbance \(disturbance.index)")
        if kept?.contains(disturbance.index) != false { happen(disturbance.what) }
    }

    // MARK: What programs do

    private func execute(_ process: Process, _ arguments: [String], _ environment: [String: String]) {
        executions += 1
        checkStart(of: process, arguments[0])
        let service = process.group.parent?.name ?? ""
        let isWell = process.chance(0.4)
        let any = Behaviour.allCases.randomElement(using: &process.random)!
        let behaviour: Behaviour =
            if service == DriverScenario.steady {
                .serves
            } else if arguments[0].contains("bad") {
                process.chance(0.6) ? .crashesAtOnce : .neverReady
            } else if flapsUntil[service] ?? 0 > kernel.now {
                .crashesAtOnce
            } else if isPeace || isWell || !doesWrong.contains(service) {
                .serves
            } else {
                any
            }
        kernel.run(behaviour, in: process, environment, stopTime: process.seconds(0.01...15))
    }
}
