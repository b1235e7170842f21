import CSimulatedKernel
import Cadre
import ControlGroups
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

/// Runs the driver, as it is in the product, through `hours` of the virtual time of a world that follows from `seed`.
///
/// To be called once in a process, of which it takes the main thread: supervisors that are killed leave behind their
/// memory, and what holds in a process of its own doesn't depend on what was before.
///
/// Left out is what the driver has other threads for: probes, the relay of logs, the API.
package func simulateDriver(seed: UInt64, hours: Double, isPrinted: Bool = false) throws -> DriverOutcome {
    simulation_enter()
    defer { simulation_leave() }
    let world = DriverWorld(seed: seed, hours: hours)
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
    /// The service that nobody touches and whose program does nothing wrong.
    static let steady = "steady"
    /// The one whose workers have no successor beside them.
    static let single = "single"
    static let names = ["single", "steady", "web"]
    /// How long everything may take to come to rest.
    static let rest = 3600.0

    let length: Double
    var isPeace = false
    private(set) var executions = 0
    private var release = 0
    var mostWanted: [String: Int] = [:]

    init(seed: UInt64, hours: Double) {
        kernel = Kernel(seed: seed)
        length = hours * 3600
        conductor = Conductor(seed: seed, Specification())
        conductor.specification = Specification(services: Self.names.map { service($0) })
        kernel.execute = { [unowned self] in execute($0, $1, $2) }
        kernel.told = { [unowned self] in told($0, $1) }
        conductor.check = { [unowned self] in check() }
    }

    func run() throws {
        kernel.after(60) { [unowned self] in disturb() }
        kernel.after(length) { [unowned self] in makePeace() }
        try conductor.run()
    }

    // MARK: What is configured

    private func service(_ name: String, isBad: Bool = false) -> ServiceSpecification {
        var service = ServiceSpecification(name: name, command: ["/srv/\(isBad ? "bad" : "good")-\(release)"])
        service.log = LogSpecification(destination: .none)
        service.policy.readiness = .notify
        service.policy.readyTimeout = .seconds(20)
        if name == Self.steady {
            service.workers = .count(2)
            service.command = ["/srv/steady"]
            service.policy.watchdog = .seconds(30)
            return service
        }
        service.workers = .count(Int.random(in: 1...4, using: &kernel.random))
        service.policy.stopTimeout = .seconds(Int.random(in: 1...20, using: &kernel.random))
        service.policy.restart = RestartPolicy(
            delay: .milliseconds(Int.random(in: 1...300, using: &kernel.random)), maximumDelay: .seconds(20),
            budget: Int.random(in: 2...12, using: &kernel.random), window: .seconds(60))
        if kernel.chance(0.5) { service.policy.watchdog = .seconds(Int.random(in: 10...60, using: &kernel.random)) }
        if name == Self.single {
            service.policy.readiness = kernel.chance(0.5) ? .exec : .notify
            service.policy.rollout = RolloutPolicy(maxSurge: .count(0), maxUnavailable: .count(1))
        } else {
            service.limits.memoryHigh = .bytes(100 << 20)
            if kernel.chance(0.3) {
                service.policy.maxAge = .seconds(Int.random(in: 300...20_000, using: &kernel.random))
            }
            service.policy.rollout = RolloutPolicy(
                strategy: kernel.chance(0.2) ? .blueGreen : .rolling,
                minReady: kernel.chance(0.3) ? .seconds(2) : .zero,
                onFailure: kernel.chance(0.5) ? .stop : .rollback)
        }
        return service
    }

    // MARK: What programs do

    private func execute(_ process: Process, _ arguments: [String], _ environment: [String: String]) {
        executions += 1
        let behaviour: Behaviour
        if process.group.parent?.name == Self.steady {
            behaviour = .serves
        } else if arguments[0].contains("bad") {
            behaviour = kernel.chance(0.6) ? .crashesAtOnce : .neverReady
        } else if isPeace || kernel.chance(0.4) {
            behaviour = .serves
        } else {
            behaviour = Behaviour.allCases.randomElement(using: &kernel.random)!
        }
        kernel.run(behaviour, in: process, environment, stopTime: kernel.seconds(0.01...15))
    }

    // MARK: What happens

    private func disturb() {
        guard !isPeace else { return }
        kernel.after(kernel.seconds(0...120)) { [unowned self] in disturb() }
        let name = kernel.chance(0.6) ? "web" : Self.single
        let worker = WorkerID(service: name, number: Int.random(in: 0...2, using: &kernel.random))
        switch Int.random(in: 0...19, using: &kernel.random) {
        case 0...4:
            // In the midst of what comes next, or at rest.
            kernel.callsLeft = kernel.chance(0.8) ? Int.random(in: 0...400, using: &kernel.random) : 0
            if kernel.chance(0.7) { command(.restart, on: worker) }
        case 5, 6: command(.restart, on: worker)
        case 7: command(.stop, on: worker)
        case 8, 9: command(.start, on: worker)
        case 10: command(kernel.chance(0.5) ? .kill : .reset, on: worker)
        case 11: command(kernel.chance(0.5) ? .freeze : .thaw, on: worker)
        case 12, 13:
            release += 1
            apply(name, isBad: kernel.chance(0.3))
        case 14, 15:
            let count = Int.random(in: 0...4, using: &kernel.random)
            conductor.command("scale \(name) to \(count)") { try $0.scale([name: .to(.count(count))]) }
        case 16: fail(for: kernel.seconds(0...60))
        case 17: kill(allOf: name)
        case 18:
            kernel.note("somebody sets the clock")
            kernel.wallOffset += Int64(kernel.seconds(-100_000...100_000) * 1e9)
        default:
            release += 1
            apply(name, isBad: false)
            kernel.callsLeft = Int.random(in: 0...1000, using: &kernel.random)
        }
    }

    private func command(_ command: WorkerCommand, on worker: WorkerID) {
        conductor.command("\(command) \(worker)") { try $0.command(command, on: [worker]) }
    }

    private func apply(_ name: String, isBad: Bool) {
        var services = conductor.specification.services.filter { $0.name != name }
        services.append(service(name, isBad: isBad))
        let new = Specification(services: services)
        conductor.specification = new
        conductor.command("apply \(isBad ? "bad" : "good")-\(release) of \(name)") { try $0.apply(new) }
    }

    private func fail(for seconds: Double) {
        switch Int.random(in: 0...4, using: &kernel.random) {
        case 0: kernel.faults.spawn = [EAGAIN, ENOMEM].randomElement(using: &kernel.random)!
        case 1: kernel.faults.journal = ENOSPC
        case 2: kernel.faults.descriptors = kernel.seconds(0...0.3)
        case 3:
            // Of the supervisor that comes next.
            kernel.faults.nextDescriptor = Int.random(in: 0...60, using: &kernel.random)
            kernel.callsLeft = 0
        default: kernel.faults.directories = kernel.seconds(0...1)
        }
        kernel.note("for \(seconds) s: \(kernel.faults)")
        kernel.after(seconds) {
            kernel.note("no more faults")
            kernel.faults = Faults()
            // A second later it is all written.
            kernel.after(60) { kernel.hadFullDisk = kernel.faults.journal != nil }
        }
    }

    private func kill(allOf name: String) {
        kernel.note("all of \(name) is killed")
        for process in kernel.processes.values.sorted(by: { $0.pid < $1.pid })
        where process.group.parent?.name == name {
            kernel.send(SIGKILL, to: process, fromSupervisor: false)
        }
    }

    // MARK: The end

    /// Nothing goes wrong any more, and everything is asked to run.
    private func makePeace() {
        isPeace = true
        kernel.note("peace")
        kernel.faults = Faults()
        release += 1
        for name in Self.names where name != Self.steady { apply(name, isBad: false) }
        conductor.command("reset, thaw and start all") { supervisor in
            let all = try supervisor.workers(matching: Self.names)
            for command in [WorkerCommand.thaw, .reset, .start] { _ = try? supervisor.command(command, on: all) }
        }
        kernel.after(Self.rest) { [unowned self] in
            conductor.command("what runs?") { [unowned self] in checkRest($0.state()) }
            conductor.command("stop") { supervisor in
                conductor.isStopping = true
                supervisor.stop()
            }
            kernel.after(Self.rest) { kernel.fail("every stop ends", "the supervisor doesn't stop") }
        }
    }
}
