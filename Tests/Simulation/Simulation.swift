/// Lives through a scenario.
///
/// - Parameter isTraced: whether a violation is to tell what happened before it, which takes time.
/// - Returns: what the world has seen.
/// - Throws: the first thing that must hold and doesn't.
package func simulate(_ scenario: Scenario, isTraced: Bool = false) throws(Violation) -> Tally {
    var world = World(scenario, isTraced: isTraced)
    do {
        try world.run()
        return world.tally
    } catch {
        var violation = error
        violation.trace = world.trace.lines
        throw violation
    }
}

/// A scenario that breaks a rule, and as little else as could be found.
package struct Counterexample: Sendable, CustomStringConvertible {
    package let scenario: Scenario
    package let violation: Violation

    package var description: String {
        let history = scenario.disturbances.map { "  \($0)" }.joined(separator: "\n")
        let trace = violation.trace.map { "  \($0)" }.joined(separator: "\n")
        return """
            seed \(scenario.seed): \(violation)
            The history, without what isn't needed:
            \(history)
            What happened last:
            \(trace)
            """
    }
}

/// Looks for the shortest history that breaks the same rule.
package func minimise(_ scenario: Scenario, _ violation: Violation) -> Counterexample {
    /// Whether the same rule is broken by these disturbances.
    func isEnough(_ disturbances: [TimedDisturbance]) -> Bool {
        var candidate = scenario
        candidate.disturbances = disturbances
        do throws(Violation) {
            _ = try simulate(candidate)
            return false
        } catch {
            return error.rule == violation.rule
        }
    }
    var disturbances = scenario.disturbances
    // What comes later has no part in it, if it is about what happens before the end.
    let before = disturbances.filter { $0.at + .seconds(1) <= violation.at }
    if isEnough(before) { disturbances = before }
    var least = scenario
    least.disturbances = shortest(disturbances, isEnough: isEnough)
    do throws(Violation) {
        _ = try simulate(least, isTraced: true)
        return Counterexample(scenario: scenario, violation: violation)
    } catch {
        return Counterexample(scenario: least, violation: error)
    }
}
