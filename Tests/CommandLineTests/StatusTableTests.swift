import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("The status table") struct StatusTableTests {
    private var snapshot: Snapshot {
        var first = WorkerSnapshot(
            number: 0, state: "ready", restarts: 0, restartsByReason: [:], kills: 0, cpuSeconds: 14.2, userSeconds: 10,
            systemSeconds: 4.2)
        first.pid = 4121
        first.digest = "3f9c2a71b04e"
        first.uptimeSeconds = 7383
        first.memoryBytes = 38 << 20
        first.memoryMaxBytes = 512 << 20
        var second = WorkerSnapshot(
            number: 1, state: "ready", restarts: 3, restartsByReason: [:], kills: 0, cpuSeconds: 0.4, userSeconds: 0.4,
            systemSeconds: 0)
        second.pid = 7789
        second.uptimeSeconds = 12
        second.memoryBytes = 21 << 20
        second.memoryMaxBytes = 512 << 20
        second.lastExit = ExitSnapshot(reason: "oom-kill", memoryPeakBytes: 512 << 20)
        let third = WorkerSnapshot(
            number: 2, state: "failed", restarts: 10, restartsByReason: [:], kills: 0, cpuSeconds: 0, userSeconds: 0,
            systemSeconds: 0)
        let web = ServiceSnapshot(name: "web", wanted: 3, ready: 2, isHealthy: true, workers: [first, second, third])
        return Snapshot(supervisor: 1, root: "/", summary: "", lastEvent: EventID("1-0")!, services: [web])
    }

    @Test("has a line for each worker, in columns") func lines() {
        #expect(
            StatusTable.lines(of: snapshot).map(\.text) == [
                "SERVICE  WORKER  STATE   PID   UPTIME  RESTARTS  CPU    MEMORY      LAST EXIT",
                "web      0       ready   4121  2h03m   0         14.2s  38M / 512M  -",
                "web      1       ready   7789  12s     3         0.4s   21M / 512M  oom-kill (peak 512M)",
                "web      2       failed  -     -       10        0.0s   -           -",
            ])
    }

    @Test("tells which specification workers run, if that is wanted") func wide() {
        let lines = StatusTable.lines(of: snapshot, isWide: true).map(\.text)
        #expect(
            lines.map { $0.split(separator: " ").last ?? "" } == ["SPECIFICATION", "3f9c2a71b04e", "-", "-"])
    }

    @Test("colours the state and moves nothing by it") func colour() {
        let lines = StatusTable.lines(of: snapshot)
        let coloured = lines.map { $0.rendered(isColoured: true) }
        #expect(coloured[3].contains("\u{1B}[31mfailed\u{1B}[0m"))
        #expect(coloured.map { strip($0) } == lines.map(\.text))
        #expect(lines.map { $0.rendered(isColoured: false) } == lines.map(\.text))
    }

    private func strip(_ line: String) -> String {
        line.replacing(/\u{1B}\[[0-9]+m/, with: "")
    }
}
