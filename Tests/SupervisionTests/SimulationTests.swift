import Simulation
import Testing

/// A part of what `make simulate` does for as long as one likes. A failure says what broke, and the shortest history that
/// was found to lead there.
@Suite("A simulated world") struct SimulationTests {
    private func live(_ scenario: Scenario) -> Tally? {
        do throws(Violation) {
            return try simulate(scenario)
        } catch {
            Issue.record("\(minimise(scenario, error))")
            return nil
        }
    }

    @Test("everything that must hold holds after each event, whatever happens", arguments: UInt64(0)..<16)
    func invariants(_ seed: UInt64) {
        guard let tally = live(Scenario(seed: seed, hours: 24)) else { return }
        // The world must not have come to rest.
        #expect(tally.executions > 200 && tally.supervisorDeaths > 0)
        #expect(tally.rolloutsDone > 0 && tally.rolloutsFailed > 0)
    }

    /// In a calm world nothing else takes a worker away.
    @Test("roll-outs keep within their limits, and a bad release takes nothing down", arguments: UInt64(0)..<40)
    func rollouts(_ number: UInt64) {
        let scenario = Scenario(seed: 4 * number + 3, hours: 4)
        #expect(scenario.isCalm)
        guard let tally = live(scenario) else { return }
        #expect(tally.rolloutsDone > 1 && tally.rolloutsFailed > 0)
    }

    @Test("the same seed makes the same world") func repeats() throws {
        let tallies = try (0..<2).map { _ in try simulate(Scenario(seed: 4, hours: 6)) }
        #expect(tallies[0] == tallies[1])
    }
}
