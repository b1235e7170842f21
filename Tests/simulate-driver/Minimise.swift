import CLinux
import DriverSimulation
import Simulation

/// Looks for the shortest history that breaks the same rule, and prints it, what happened last in it, and the command that
/// repeats it.
func minimise(_ scenario: DriverScenario, hours: Double, _ kept: [Int]?, _ violation: String) throws {
    print("looking for the shortest history that leads there")
    fflush(nil)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(600)
    let broken = BrokenRule(violation)
    var hours = hours
    var runs = 0
    /// Whether the same rule is broken by these disturbances.
    func isEnough(_ disturbances: [TimedDriverDisturbance]) throws -> Bool {
        guard clock.now < end else { return false }
        runs += 1
        let world = try RunningWorld(seed: scenario.seed, hours: hours, only: disturbances.map(\.index))
        return try world.finish().violation.map { BrokenRule($0).rule } == broken.rule
    }
    // What comes later has no part in it: up to then a shorter world is the same.
    if let at = broken.hours, at < hours { hours = min(hours, at + 1 / 60) }
    var disturbances = scenario.disturbances.filter {
        kept?.contains($0.index) != false && $0.isBefore(hours: hours)
    }
    // Mostly it is the latest that are needed, and a world with few of them takes little time.
    var count = 0
    while count < disturbances.count {
        let latest = Array(disturbances.filter(\.isLasting) + disturbances.filter { !$0.isLasting }.suffix(count))
        if try isEnough(latest) {
            disturbances = latest
            break
        }
        count = max(1, count * 2)
    }
    disturbances = try shortest(disturbances, isEnough: isEnough)
    let indices = disturbances.map(\.index)
    let result = try RunningWorld(seed: scenario.seed, hours: hours, only: indices).finish()
    print("What happened last:")
    for line in result.output.split(separator: "\n").suffix(60) { print(line) }
    print("The history, without what isn't needed (\(runs) worlds were tried):")
    for disturbance in disturbances { print("  \(disturbance)") }
    if disturbances.isEmpty { print("  nothing but time") }
    print(
        "To repeat it: simulate-driver --seed \(scenario.seed) --hours \(hours) --only \(IndexSet(indices)) --verbose")
}

/// What a line about a violation says: `seed 7: 0d 00:01:02.345: RULE: WHAT`, or how the driver's process ended.
private struct BrokenRule {
    /// The same for each violation of it.
    let rule: Substring
    /// When, in virtual time.
    let hours: Double?

    init(_ violation: String) {
        let parts = violation.split(separator: ": ", maxSplits: 3)
        rule = parts.count > 2 ? parts[2] : parts.last ?? ""
        let numbers = parts.count > 2 ? parts[1].split { !$0.isNumber }.compactMap { Double($0) } : []
        hours = numbers.count == 5 ? numbers[0] * 24 + numbers[1] + numbers[2] / 60 + numbers[3] / 3600 : nil
    }
}
