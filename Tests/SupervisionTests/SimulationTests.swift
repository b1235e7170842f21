import Testing

@Suite("A simulated world") struct SimulationTests {
    /// A failure prints the seed and the step: run that seed alone to see it again.
    @Test("everything that must hold holds at each of many thousand steps", arguments: UInt64(0)..<40)
    func invariants(_ seed: UInt64) throws {
        var world = ModelWorld(seed: seed)
        try world.run(steps: 5000)
        // The world must not have come to rest.
        #expect(world.spawnCount > 200)
        #expect(world.rolloutsDone > 0 && world.rolloutsFailed > 0)
    }

    @Test("roll-outs keep within their limits, and a bad release takes nothing down", arguments: UInt64(0)..<200)
    func rollouts(_ seed: UInt64) throws {
        var world = RolloutWorld(seed: seed)
        try world.run(releases: 30)
    }
}
