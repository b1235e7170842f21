import Glibc
import Testing

@Suite(.needsControlGroups) struct CounterTests {
    @Test("no counter goes back while workers end, are killed and are restarted, however often one looks")
    func monotonous() throws {
        try withScene { scene in
            // An emulated machine takes a second for a few of them.
            let restarts = getenv("CADRE_TEST_MACHINE") == nil ? "200" : "20"
            let surveyor = try RunningProgram([Machine.surveyor, scene.cgroup, scene.path("run"), restarts])
            let (code, output) = try surveyor.finish()
            #expect(code == 0, "\(output)")
            // It was a test only if workers were killed as well.
            let kills = try #require(output.firstMatch(of: /(\d+) surveys, (\d+) kills/)?.output.2)
            #expect(try #require(Int(kills)) > 0)
        }
    }
}
