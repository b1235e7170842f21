import Supervision

/// What happens to a world from outside: all that follows from a seed.
package struct Scenario: Sendable {
    /// What chance is made of.
    package let seed: UInt64
    /// When the disturbances end; what then follows is peace, in which everything has to come to order.
    package let length: Duration
    /// Whether programs fail of themselves. In a calm world nothing goes wrong but what a bad release brings, so that more
    /// must hold: no roll-out ever takes away more than it may.
    package let isCalm: Bool
    /// What happens, in order.
    package var disturbances: [TimedDisturbance]

    /// The scenario of a seed.
    ///
    /// - Parameters:
    ///   - hours: how long it lasts, in virtual time.
    ///   - pause: how long it is from one disturbance to the next, on average.
    package init(seed: UInt64, hours: Double, pause: Duration = .seconds(240)) {
        self.seed = seed
        length = .seconds(3600 * hours)
        isCalm = seed % 4 == 3
        var author = ScenarioAuthor(seed: seed, isCalm: isCalm)
        disturbances = author.beginning()
        var time = Duration.seconds(60)
        while true {
            // Mostly now and then, at times many at once.
            time +=
                author.chance(0.15)
                ? .milliseconds(Int.random(in: 0...2000, using: &author.random)) : author.wait(pause)
            if time >= length { break }
            disturbances.append(TimedDisturbance(at: time, disturbance: author.next()))
            // The worst time for a death is while what was asked for is under way.
            if author.chance(0.1) {
                time += .milliseconds(Int.random(in: 1...3000, using: &author.random))
                disturbances.append(TimedDisturbance(at: time, disturbance: author.death()))
            }
        }
    }
}

/// Makes up what happens.
private struct ScenarioAuthor {
    var random: SeededRandom
    private let isCalm: Bool
    private var settings: [String: Disturbance.Setting] = [:]
    private var lastRelease = 0
    private let names: [String]

    init(seed: UInt64, isCalm: Bool) {
        random = SeededRandom(seed: seed)
        self.isCalm = isCalm
        // The last one's workers run once.
        names = isCalm ? ["web"] : Array(["db", "api", "web"].prefix(Int.random(in: 1...3, using: &random))) + ["job"]
    }

    mutating func beginning() -> [TimedDisturbance] {
        names.map { name in
            var setting = makeSetting(name)
            setting.count = max(setting.count, 1)
            setting.release.isBad = false
            setting.startsAsleep = false
            settings[name] = setting
            return TimedDisturbance(at: .zero, disturbance: .configure(name, setting))
        }
    }

    mutating func next() -> Disturbance {
        let name = names.randomElement(using: &random)!
        switch Int.random(in: 0..<(isCalm ? 12 : 33), using: &random) {
        case 0...4: return .configure(name, changed(name))
        case 5: return .pause(name)
        case 6: return .resume(name)
        case 7: return .undo(name)
        case 8: return .command(.restart, name, numbers())
        case 9, 10: return death()
        case 11: return .supervisorStalls(.milliseconds(Int.random(in: 1...3000, using: &random)))
        case 12: return .remove(name)
        case 13: return .sleep(name)
        case 14, 15: return .wake(name)
        case 16, 17: return .massacre(name)
        case 18: return .exhaustion(.seconds(Int.random(in: 1...120, using: &random)))
        case 19...21: return .command(.start, name, numbers())
        case 30: return .all(.stop)
        case 31, 32: return .all(.start)
        default: return .command(Disturbance.Command.allCases.randomElement(using: &random)!, name, numbers())
        }
    }

    mutating func death() -> Disturbance { .supervisorDies(.milliseconds(Int.random(in: 1...8000, using: &random))) }

    private mutating func numbers() -> [Int] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0..<6, using: &random) }.uniqued
    }

    /// Another specification of a service; at times only another release, or another count.
    private mutating func changed(_ name: String) -> Disturbance.Setting {
        var setting = settings[name]!
        switch Int.random(in: 0..<(isCalm ? 3 : 5), using: &random) {
        case 0, 1: setting.release = release()
        case 2: if isCalm { setting.release = release() } else { setting.count = count() }
        case 3:
            setting.policy = policy(name)
            setting.dependencies = dependencies(of: name)
        default: setting = makeSetting(name)
        }
        settings[name] = setting
        return setting
    }

    private mutating func makeSetting(_ name: String) -> Disturbance.Setting {
        Disturbance.Setting(
            release: release(), policy: policy(name), count: count(), dependencies: dependencies(of: name),
            startsAsleep: !isCalm && chance(0.2))
    }

    private mutating func release() -> Disturbance.Release {
        lastRelease += 1
        return Disturbance.Release(number: lastRelease, isBad: chance(0.25))
    }

    private mutating func count() -> Int { Int.random(in: isCalm ? 1...8 : 0...5, using: &random) }

    /// What comes before it in the list, so that there is no circle.
    private mutating func dependencies(of name: String) -> [Dependency] {
        names.prefix { $0 != name }.compactMap { other in
            guard chance(0.4) else { return nil }
            return Dependency(other, chance(0.5) ? .started : .ready, isRequired: chance(0.5))
        }
    }

    private mutating func policy(_ name: String) -> WorkerPolicy {
        if name == "job" {
            return WorkerPolicy(
                type: .oneshot, stopTimeout: .seconds(5),
                restart: RestartPolicy(condition: chance(0.5) ? .onFailure : .never, budget: 4))
        }
        var policy = WorkerPolicy(
            readiness: [.exec, .notify, .notify, .http].randomElement(using: &random)!, readyTimeout: .seconds(20),
            readyInterval: .seconds(1), stopTimeout: .seconds(Int.random(in: 1...20, using: &random)))
        policy.rollout = rolloutPolicy()
        if isCalm {
            policy.readiness = .notify
            return policy
        }
        if chance(0.25) { policy.watchdog = .seconds(Int.random(in: 20...60, using: &random)) }
        if chance(0.4) {
            policy.health = HealthPolicy(
                interval: .seconds(30), failures: Int.random(in: 1...3, using: &random),
                successes: Int.random(in: 1...2, using: &random), startGrace: .seconds(5))
        }
        if chance(0.3) { policy.maxAge = .seconds(Int.random(in: 300...20_000, using: &random)) }
        policy.restart = RestartPolicy(
            condition: chance(0.6) ? .always : RestartPolicy.Condition.allCases.randomElement(using: &random)!,
            delay: .milliseconds(Int.random(in: 10...500, using: &random)),
            maximumDelay: .seconds(Int.random(in: 1...40, using: &random)),
            multiplier: Double.random(in: 1...3, using: &random), jitter: chance(0.3) ? 0 : 0.1,
            budget: Int.random(in: 1...10, using: &random), window: .seconds(Int.random(in: 10...90, using: &random)))
        return policy
    }

    private mutating func rolloutPolicy() -> RolloutPolicy {
        var policy = RolloutPolicy(
            strategy: chance(0.25) ? .blueGreen : .rolling, minReady: chance(0.3) ? .seconds(2) : .zero,
            failures: Int.random(in: 1...3, using: &random), onFailure: chance(0.5) ? .stop : .rollback)
        guard policy.strategy == .rolling else { return policy }
        policy.maxSurge = chance(0.2) ? .percent(30) : .count(Int.random(in: 0...3, using: &random))
        policy.maxUnavailable = chance(0.2) ? .percent(40) : .count(Int.random(in: 0...3, using: &random))
        if chance(0.3) { policy.parallel = Int.random(in: 1...3, using: &random) }
        return policy
    }

    mutating func chance(_ probability: Double) -> Bool { random.chance(probability) }

    /// A time that varies from none to twice its average.
    mutating func wait(_ average: Duration) -> Duration { average * Double.random(in: 0...2, using: &random) }
}

extension SeededRandom {
    /// A generator that depends on a world's seed and a name alone.
    package init(seed: UInt64, name: String) {
        // FNV-1a of its name: a hash that is the same in every process, unlike Swift's.
        var hash = seed ^ 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        self.init(seed: hash)
    }

    /// True so often.
    package mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

extension Sequence where Element: Hashable {
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
