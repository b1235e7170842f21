import Simulation
import Testing

/// A part of what `make simulate` does for as long as one likes.
@Suite("A simulated world") struct SimulationTests {
    /// A failure says what broke, and the shortest history that was found to lead there.
    @Test("everything that must hold holds after each event, whatever happens", arguments: UInt64(0)..<24)
    func invariants(_ seed: UInt64) throws {
        let scenario = Scenario(seed: seed, hours: 6)
        do throws(Violation) {
            let tally = try simulate(scenario)
            // The world must not have come to rest.
            #expect(tally.executions > 10 && tally.events > 100)
        } catch {
            Issue.record("\(minimise(scenario, error))")
        }
    }

    @Test("the same seed makes the same world") func repeats() throws {
        let tallies = try (0..<2).map { _ in try simulate(Scenario(seed: 4, hours: 6)) }
        #expect(tallies[0] == tallies[1])
    }
}
