import Testing

@Suite("A simulated world") struct SimulationTests {
    /// A failure prints the seed and the step: run that seed alone to see it again.
    @Test("everything that must hold holds at each of many thousand steps", arguments: UInt64(0)..<40)
    func invariants(_ seed: UInt64) throws {
        var world = ModelWorld(seed: seed)
        try world.run(steps: 5000)
        // The world must not have come to rest.
        #expect(world.spawnCount > 200)
    }
}
