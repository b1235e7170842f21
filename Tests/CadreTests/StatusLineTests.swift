import Testing

@testable import Cadre
@testable import Supervision

@Suite("The line for systemctl status") struct StatusLineTests {
    @Test(
        "counts services and workers",
        arguments: [
            (FleetSummary(services: 3, workers: 12, ready: 12, failed: 0), "3 services, 12 of 12 workers ready"),
            (FleetSummary(services: 1, workers: 1, ready: 0, failed: 0), "1 service, 0 of 1 worker ready"),
            (FleetSummary(services: 2, workers: 5, ready: 3, failed: 2), "2 services, 3 of 5 workers ready, 2 failed"),
        ])
    func line(summary: FleetSummary, expected: String) {
        #expect(statusLine(of: summary) == expected)
    }
}

@Suite("A last exit") struct ExitSnapshotTests {
    @Test(
        "is a word or two in a table",
        arguments: [
            (End(reason: .exit, exit: .code(3), isSuccess: false), "exit 3"),
            (End(reason: .signal, exit: .signal(11, coreDumped: true), isSuccess: false), "SIGSEGV"),
            (End(reason: .oomKill, exit: .signal(9, coreDumped: false), isSuccess: false), "oom-kill"),
            (End(reason: .readyTimeout, exit: .signal(15, coreDumped: false), isSuccess: false), "ready-timeout"),
            (End(reason: .exit, exit: .unknown, isSuccess: false), "exit"),
        ])
    func description(end: End, expected: String) {
        #expect(ExitSnapshot(end.reason, end.exit, memoryPeak: nil).description == expected)
    }
}
