import Testing

/// The soak (`make soak`) in short: many workers in trouble, and what must add up afterwards.
@Suite(.needsControlGroups, .needsRoot) struct SoakTests {
    @Test("after 20 seconds of kills, stops, scales, reloads, upgrades and dead supervisors all accounts are right")
    func short() throws {
        let (code, output) = try run([
            "\(Machine.source)/Tests/soak/soak.py", Machine.cadre, "--workers", "50", "--seconds", "20",
        ])
        #expect(code == 0, "\(output)")
    }
}
