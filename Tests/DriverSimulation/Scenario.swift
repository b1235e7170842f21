import Cadre
import ControlGroups
import Glibc
import Simulation
import Specification
import Supervision

/// What happens to a driver's world from outside: all that follows from a seed.
package struct DriverScenario: Sendable {
    /// The service that nobody touches and whose program does nothing wrong.
    static let steady = "steady"
    /// The one whose workers have no successor beside them.
    static let single = "single"
    static let names = ["single", "steady", "web"]
    /// No service ever has more workers.
    static let mostWorkers = 4

    package let seed: UInt64
    /// When the disturbances end, in seconds; what then follows is peace.
    let length: Double
    /// What is configured at the beginning.
    let services: [ServiceSpecification]
    /// What happens, in order. Those of a shorter world of the same seed are the same, as far as it goes.
    package let disturbances: [TimedDriverDisturbance]

    /// The scenario of a seed, for so many hours of virtual time.
    package init(seed: UInt64, hours: Double) {
        self.seed = seed
        length = hours * 3600
        var author = DriverAuthor(random: SeededRandom(seed: seed))
        services = Self.names.map { author.service($0, release: 0) }
        var disturbances: [TimedDriverDisturbance] = []
        func add(_ time: Double, _ what: [DriverDisturbance]) {
            for what in what {
                disturbances.append(TimedDriverDisturbance(index: disturbances.count, at: time, what: what))
            }
        }
        add(0, [.misbehaviour("web"), .misbehaviour(Self.single)])
        var time = 60.0
        while time < length {
            add(time, author.next(release: disturbances.count))
            time += author.seconds(0...120)
        }
        self.disturbances = disturbances
    }
}

/// Makes up what happens.
private struct DriverAuthor {
    var random: SeededRandom

    /// What happens at once: mostly one thing.
    mutating func next(release: Int) -> [DriverDisturbance] {
        let name = chance(0.6) ? "web" : DriverScenario.single
        let worker = WorkerID(service: name, number: int(0...2))
        switch int(0...22) {
        case 0...4:
            // In the midst of what comes next, or at rest.
            let death = death(within: chance(0.8) ? 400 : 0)
            return chance(0.7) ? [death, .command(.restart, worker)] : [death]
        case 5, 6: return [.command(.restart, worker)]
        case 7: return [.command(.stop, worker)]
        case 8, 9: return [.command(.start, worker)]
        case 10: return [.command(chance(0.5) ? .kill : .reset, worker)]
        case 11: return [.command(chance(0.5) ? .freeze : .thaw, worker)]
        case 12, 13: return [.apply(service(name, release: release, isBad: chance(0.3)))]
        case 14, 15: return [.scale(name, int(0...DriverScenario.mostWorkers))]
        case 16: return failure()
        case 17: return [.massacre(name)]
        case 18: return [.clock(seconds(-100_000...100_000))]
        case 19: return [.flapping(name, seconds(0...60))]
        case 20: return chance(0.3) ? [.upgrade, death(within: 400)] : [.upgrade]
        case 21: return [chance(0.4) ? .remove(name) : .apply(service(name, release: release))]
        default: return [.apply(service(name, release: release)), death(within: 1000)]
        }
    }

    private mutating func death(within calls: Int) -> DriverDisturbance {
        .death(calls: int(0...calls), isLastMade: chance(0.5))
    }

    private mutating func failure() -> [DriverDisturbance] {
        let time = seconds(0...60)
        switch int(0...6) {
        case 0: return [.failure(.spawn(chance(0.5) ? EAGAIN : ENOMEM), time)]
        case 1: return [.failure(.journal, time)]
        case 2: return [.failure(.descriptors(seconds(0...0.3)), time)]
        // Of the supervisor that comes next.
        case 3: return [.failure(.oneDescriptor(int(0...60)), time), death(within: 0)]
        case 4: return [.failure(.messages(seconds(0...1)), time)]
        case 5: return [.failure(.watches, time)]
        default: return [.failure(.directories(seconds(0...1)), time)]
        }
    }

    mutating func service(_ name: String, release: Int, isBad: Bool = false) -> ServiceSpecification {
        var service = ServiceSpecification(name: name, command: ["/srv/\(isBad ? "bad" : "good")-\(release)"])
        service.log = LogSpecification(destination: .none)
        service.policy.readiness = .notify
        service.policy.readyTimeout = .seconds(20)
        if name == DriverScenario.steady {
            service.workers = .count(2)
            service.command = ["/srv/steady"]
            service.policy.watchdog = .seconds(30)
            return service
        }
        service.workers = .count(int(1...DriverScenario.mostWorkers))
        service.policy.stopTimeout = .seconds(int(1...20))
        service.policy.restart = RestartPolicy(
            delay: .milliseconds(int(1...300)), maximumDelay: .seconds(20), budget: int(2...12), window: .seconds(60))
        if chance(0.5) { service.policy.watchdog = .seconds(int(10...60)) }
        if name == DriverScenario.single {
            service.policy.readiness = chance(0.5) ? .exec : .notify
            service.policy.rollout = RolloutPolicy(maxSurge: .count(0), maxUnavailable: .count(1))
        } else {
            service.limits.memoryHigh = .bytes(100 << 20)
            if chance(0.3) { service.policy.maxAge = .seconds(int(300...20_000)) }
            service.policy.rollout = RolloutPolicy(
                strategy: chance(0.2) ? .blueGreen : .rolling, maxSurge: .count(int(1...2)),
                minReady: chance(0.3) ? .seconds(2) : .zero, onFailure: chance(0.5) ? .stop : .rollback)
        }
        return service
    }

    private mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func seconds(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }

    private mutating func chance(_ probability: Double) -> Bool { random.chance(probability) }
}
