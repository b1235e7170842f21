import Cadre
import Supervision

// What must hold, as the kernel sees it, whatever the driver takes for true.
extension DriverWorld {
    /// Whenever the supervisor sleeps.
    func check() {
        var serving: [String: Int] = [:]
        for process in kernel.processes.values {
            let service = process.group.parent?.name ?? ""
            if process.isLeader, process.isAlive, !process.wasTold {
                serving["\(service)/\(process.group.name.prefix { $0 != "@" })", default: 0] += 1
            }
            if case .supervisor = process.parent, process.state == .zombie,
                kernel.now - process.endedAt > 120_000_000_000
            {
                kernel.fail("what has ended is reaped", "\(kernel.name(of: process)) has not been for two minutes")
            }
        }
        for (worker, count) in serving {
            let most = worker.hasPrefix(Self.single) ? 1 : 2
            if count > most {
                kernel.fail("never two incarnations that serve", "\(worker) has \(count) that nobody told to end")
            }
        }
    }

    /// Of each signal that the supervisor sends.
    func told(_ process: Process, _ signal: Int32) {
        guard process.group.parent?.name == Self.steady, process.isAlive, !conductor.isStopping else { return }
        kernel.fail("what works is left alone", "\(kernel.name(of: process)) gets signal \(signal)")
    }

    /// When nothing went wrong for long: all that is wanted runs, once, and nothing else does.
    func checkRest(_ state: FleetState) {
        let alive = kernel.processes.values.filter { $0.isAlive && $0.isLeader }
        for service in state.services {
            for worker in service.workers.prefix(service.wanted) {
                let found = alive.filter {
                    $0.group.parent?.name == service.name && $0.group.name.hasPrefix("\(worker.id.number)@")
                }
                guard found.count == 1, found[0].isReady || service.name == Self.single else {
                    return kernel.fail(
                        "what is wanted runs", "\(worker.id) is \(worker.state), and \(found.count) of it are alive")
                }
            }
        }
        let known = Set(state.services.flatMap(\.workers).flatMap(\.live).compactMap(\.pid))
        for process in alive where !known.contains(process.pid) {
            kernel.fail("the driver knows all that lives", "\(kernel.name(of: process)) is none of its own")
        }
        let groups = Set(state.services.flatMap(\.workers).flatMap(\.live).map(\.groupPath))
        for group in kernel.root.all where group.name.contains("@") {
            let path = "\(group.parent?.name ?? "")/\(group.name)"
            if !groups.contains(path) { kernel.fail("the driver knows all that lives", "the cgroup \(path) is left") }
        }
        checkDescriptors(incarnations: groups.count, services: state.services.count)
    }

    /// What a supervisor with so many incarnations holds, and nothing more.
    private func checkDescriptors(incarnations: Int, services: Int) {
        var counts: [String: Int] = [:]
        var watches = 0
        for file in kernel.descriptors.values {
            counts[file.kind.name, default: 0] += 1
            if case .inotify(let queue) = file.kind { watches = queue.watches.count }
        }
        let expected = [
            "epoll": 1, "counter": 1, "timer": 1, "inotify": 1, "keeper": 2,
            // /dev/null three times, and /proc.
            "null": 4,
            // The root twice: the core's, and that of who reads statistics.
            "cgroup": 2 + services + incarnations, "pidfd": incarnations, "socket": incarnations,
        ]
        for (name, count) in expected where counts[name] ?? 0 != count {
            kernel.fail("what isn't needed is closed", "\(counts[name] ?? 0) descriptors are a \(name), not \(count)")
        }
        // The journal, and the one that it is written to anew.
        if counts.removeValue(forKey: "file") ?? 0 > 2 { kernel.fail("what isn't needed is closed", "too many files") }
        for name in counts.keys where expected[name] == nil {
            kernel.fail("what isn't needed is closed", "\(counts[name] ?? 0) descriptors are a \(name)")
        }
        if watches > 2 * incarnations {
            kernel.fail("what isn't needed is closed", "\(watches) files are watched of \(incarnations) cgroups")
        }
        if kernel.keeper.stored.count != incarnations {
            kernel.fail("what isn't needed is closed", "the keeper keeps \(kernel.keeper.stored.map(\.name))")
        }
    }

    /// When the last supervisor has ended.
    func checkEnd() {
        for process in kernel.processes.values {
            kernel.fail("a stop leaves nothing", "\(kernel.name(of: process)) is left, \(process.state)")
        }
        for group in kernel.root.all where !["", "unit", "supervisor", "keeper"].contains(group.name) {
            kernel.fail("a stop leaves nothing", "the cgroup \(group.path) is left")
        }
        for name in kernel.names(in: "/simulated/run/cadre") {
            kernel.fail("a stop leaves nothing", "/run/cadre/\(name) is left")
        }
        for (name, _) in kernel.keeper.stored { kernel.fail("a stop leaves nothing", "the keeper keeps \(name)") }
    }
}

extension OpenFile.Kind {
    fileprivate var name: String {
        switch self {
        case .epoll: "epoll"
        case .counter: "counter"
        case .timer: "timer"
        case .inotify: "inotify"
        case .pidfd: "pidfd"
        case .socket: "socket"
        case .keeper: "keeper"
        case .null: "null"
        case .file: "file"
        case .cgroup: "cgroup"
        case .cgroupFile: "cgroup file"
        case .text: "text"
        }
    }
}
