import Cadre
import Glibc
import Testing

/// What only grows does so whatever happens to the workers, for who asks again and again.
@Suite(.needsControlGroups) struct CounterTests {
    @Test("no counter of a worker or a service goes back while workers end, are killed and are replaced")
    func monotonous() throws {
        // Ends after a while of its own, soon enough that cgroups vanish while they are read.
        let mortal = service(
            "mortal", script: "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; exit 1", workers: 8,
            more: "restart = { budget = 1000000, delay = '1ms', max_delay = '1ms', jitter = 0 }")
        let stubborn = service("stubborn", "ignore-term", workers: 4, more: "stop = { timeout = '10ms' }")
        try withSupervisor(mortal + stubborn) { supervisor in
            for number in 0..<4 { try supervisor.ready("stubborn/\(number)") }
            var earlier: [String: Double] = [:]
            var restarts = 0.0
            for round in 0..<150 {
                let status = try supervisor.status()
                for (name, value) in counters(of: status) {
                    if let before = earlier[name], value < before {
                        Issue.record("\(name) went from \(before) to \(value)")
                    }
                    earlier[name] = value
                }
                restarts = earlier["mortal restarts"] ?? 0
                if round % 10 == 9 { _ = try supervisor.begin(["restart", "stubborn/\(round / 10 % 4)"]).finish() }
            }
            // All that was a test only if much of it happened.
            #expect(restarts > 100)
            #expect(try #require(earlier["stubborn kills"]) >= 10)
        }
    }

    private func counters(of status: Snapshot) -> [String: Double] {
        var counters: [String: Double] = [:]
        for service in status.services {
            counters["\(service.name) cpu"] = service.cpuSeconds
            counters["\(service.name) restarts"] = Double(service.workers.map(\.restarts).reduce(0, +))
            counters["\(service.name) kills"] = Double(service.workers.map(\.kills).reduce(0, +))
            for worker in service.workers {
                let name = "\(service.name)/\(worker.number)"
                counters["\(name) cpu"] = worker.cpuSeconds
                counters["\(name) user"] = worker.userSeconds
                counters["\(name) system"] = worker.systemSeconds
                counters["\(name) restarts"] = Double(worker.restarts)
                counters["\(name) kills"] = Double(worker.kills)
            }
        }
        return counters
    }
}
