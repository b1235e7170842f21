import Cadre
import Specification
import Supervision

/// The end of a world: nothing goes wrong any more, and everything has to come to order, by itself as far as it can.
extension DriverWorld {
    /// What ends by itself in the course of time has done so, and its successor is there.
    private static let settling = 2400.0
    /// How long everything may take to come to rest.
    private static let patience = 1800.0

    func makePeace() {
        isPeace = true
        kernel.note("peace")
        kernel.faults = Faults()
        flapsUntil = [:]
        kernel.after(Self.settling) { [unowned self] in
            wait("what runs by itself?", until: { [unowned self] in wedged($0) }) { [unowned self] in heal() }
        }
    }

    /// Does for workers what only an operator may: nobody else is allowed to undo a stop or a freeze, to grant another
    /// budget, or to replace a bad release that there is no better one for.
    private func heal() {
        conductor.command("what is down for a reason?") { [unowned self] supervisor in
            for service in supervisor.state().services {
                // One that crashes as soon as it counts as ready may be up at the moment.
                var isBad = service.workers.prefix(service.wanted).contains { hasBadRelease($0.id) }
                let specified = conductor.specification.services.first { $0.name == service.name }
                for worker in service.workers.prefix(service.wanted) {
                    guard let reason = reason(worker) else { continue }
                    kernel.note("\(worker.id) is \(worker.state): \(reason)")
                    // It would come to run what was configured while nothing ran that could refuse it.
                    isBad = isBad || specified?.command[0].contains("bad") == true
                    if worker.state == .frozen {
                        ask(.command(.thaw, worker.id))
                    } else {
                        ask(.command(.start, worker.id))
                    }
                }
                if isBad, var good = scenario.services.first(where: { $0.name == service.name }) {
                    good.command = ["/srv/good-peace"]
                    ask(.apply(good))
                }
            }
            wait("is all well?", until: { [unowned self] in lack($0) }) {
                conductor.command("stop") { supervisor in
                    conductor.isStopping = true
                    supervisor.stop()
                }
                kernel.after(Self.patience) { kernel.fail("every stop ends", "the supervisor doesn't stop") }
            }
        }
    }

    /// Asks now and then whether something is still lacking, and goes on when nothing is.
    private func wait(
        _ what: String, until lack: @escaping @Sendable (FleetState) -> Lack?, then: @escaping @Sendable () -> Void
    ) {
        let deadline = kernel.now + Int64(Self.patience * 1e9)
        @Sendable func look() {
            conductor.command(what) { supervisor in
                guard let lack = lack(supervisor.state()) else { return then() }
                guard kernel.now < deadline else { return kernel.fail(lack.rule, lack.what) }
                kernel.after(10) { look() }
            }
        }
        look()
    }

    /// What should have come up by itself and hasn't.
    private func wedged(_ state: FleetState) -> Lack? {
        for service in state.services {
            let wanted = service.workers.prefix(service.wanted)
            for worker in wanted where !isUp(worker) && reason(worker) == nil {
                return Lack("what is wanted comes up by itself", "\(worker.id) is \(worker.state), without a reason")
            }
            if let rollout = service.rollout, rollout.isUnderWay, !wanted.contains(where: { hasBadRelease($0.id) }) {
                return Lack("every roll-out ends", "that of \(service.name) is \(rollout.state)")
            }
        }
        return nil
    }

    private func isUp(_ worker: WorkerDetail) -> Bool {
        worker.state == .ready
            && kernel.processes.values.contains {
                $0.worker == worker.id && $0.isServing && !$0.group.isFrozen
                    && ($0.isReady || worker.id.service == DriverScenario.single)
            }
    }

    /// Why a worker need not be up before an operator does something about it; nil if it is, or if there is no reason.
    private func reason(_ worker: WorkerDetail) -> String? {
        guard let seen = workers[worker.id], !isUp(worker) else { return nil }
        switch worker.state {
        case .stopped: return seen.goals.contains(.stopped) ? "an operator stopped it" : nil
        case .frozen: return seen.mayBeFrozen ? "an operator froze it" : nil
        case .failed where seen.mayBeFailed: return "its budget is spent"
        case .failed, .waiting, .starting, .ready, .draining, .stopping, .killing:
            return hasBadRelease(worker.id) ? "its release is bad" : nil
        case .done, .asleep: return nil
        }
    }

    /// Whether what was last executed for a worker is a bad release.
    private func hasBadRelease(_ worker: WorkerID) -> Bool { workers[worker]?.program.contains("bad") == true }
}
