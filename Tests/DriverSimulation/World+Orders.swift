import Cadre
import Specification
import Supervision

/// What an operator asks for.
enum Order {
    case command(WorkerCommand, WorkerID)
    case apply(ServiceSpecification)
    case remove(String)
    case scale(String, Int)
}

/// Asking, and knowing what was asked for: a supervisor that is killed may have heard of it or not.
extension DriverWorld {
    func ask(_ order: Order) {
        conductor.command(order.text) { [unowned self] supervisor in
            begin(order)
            switch order {
            case .command(let command, let worker): try supervisor.command(command, on: [worker])
            case .apply, .remove: try supervisor.apply(conductor.specification)
            case .scale(let name, let count): try supervisor.scale([name: .to(.count(count))])
            }
            accepted.append(order)
            hasChanged = true
        }
    }

    /// From now on it may be in force.
    private func begin(_ order: Order) {
        switch order {
        case .command(let command, let worker):
            forgive(worker.service)
            note(command, worker)
        case .apply(let service):
            let specification = conductor.specification
            conductor.specification = Specification(
                services: specification.services.filter { $0.name != service.name } + [service])
        case .remove(let name):
            conductor.specification = Specification(
                services: conductor.specification.services.filter { $0.name != name })
        case .scale: break
        }
        for (name, count) in counts(order) {
            forgive(name)
            services[name]?.note(count: count)
            // One that was refused before may come to be in force, if nothing runs now that could be kept.
            if let service = conductor.specification.services.first(where: { $0.name == name }) {
                services[name]?.note(service)
            }
            // Those beyond the number are forgotten, and start anew when there are as many again.
            for worker in workers.keys where worker.service == name && worker.number >= count {
                workers[worker]?.goals.insert(.running)
            }
        }
    }

    /// How many workers services are to have. A specification that is applied overrides what was scaled.
    private func counts(_ order: Order) -> [(String, Int)] {
        switch order {
        case .command: []
        case .apply, .remove:
            DriverScenario.names.compactMap { name in
                switch conductor.specification.services.first(where: { $0.name == name })?.workers {
                case .count(let count): (name, count)
                case nil: (name, 0)
                case .cpus: nil
                }
            }
        case .scale(let name, let count): [(name, count)]
        }
    }

    private func note(_ command: WorkerCommand, _ worker: WorkerID) {
        switch command {
        case .start: workers[worker]?.goals.insert(.running)
        case .restart:
            workers[worker]?.goals.insert(.running)
            workers[worker]?.noteRestart()
        case .stop: workers[worker]?.goals.insert(.stopped)
        case .freeze: workers[worker]?.mayBeFrozen = true
        case .reset, .kill, .thaw, .signal: break
        }
    }

    /// What was accepted is in force: the supervisor has done what comes of it, and written it down.
    func settleOrders() {
        defer { accepted = [] }
        if kernel.hadFullDisk { return }
        for order in accepted {
            switch order {
            case .command(.start, let worker), .command(.restart, let worker):
                workers[worker]?.goals = [.running]
                workers[worker]?.mayBeFailed = false
            case .command(.stop, let worker): workers[worker]?.goals = [.stopped]
            case .command(.reset, let worker): workers[worker]?.mayBeFailed = false
            case .command(.thaw, let worker): workers[worker]?.mayBeFrozen = false
            case .command, .apply, .remove, .scale: break
            }
            for (name, count) in counts(order) {
                for worker in workers.keys where worker.service == name && worker.number >= count {
                    workers[worker] = SeenWorker()
                }
            }
        }
    }

    /// A service's restarts so far say nothing any more of those to come.
    func forgive(_ service: String) {
        for worker in workers.keys where worker.service == service { workers[worker]?.forgive() }
    }
}

extension Order {
    fileprivate var text: String {
        switch self {
        case .command(let command, let worker): "\(command) \(worker)"
        case .apply(let service): "apply \(service.brief)"
        case .remove(let name): "remove \(name)"
        case .scale(let name, let count): "scale \(name) to \(count)"
        }
    }
}
