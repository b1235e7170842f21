import Cadre
import Supervision

// What must hold, as the kernel sees it, whatever the driver takes for true.
extension DriverWorld {
    private static let second: Int64 = 1_000_000_000

    // MARK: Whenever something happens

    /// Of each process that the supervisor executes.
    func checkStart(of process: Process, _ program: String) {
        hasChanged = true
        guard let worker = process.worker, let service = services[worker.service] else {
            return kernel.fail("the driver knows all that lives", "\(kernel.name(of: process)) is no worker's")
        }
        checkServing()
        let isAlone = !kernel.processes.values.contains { $0 !== process && $0.worker == worker && $0.isServing }
        if service.restart == nil { workers[worker]?.forgive() }
        let complaint = workers[worker]?.executed(
            program, isAlone: isAlone, service.restart ?? RestartPolicy(), at: kernel.now)
        if let complaint { kernel.fail("budget and back-off are kept", "\(worker) \(complaint)") }
    }

    /// Of each signal that the supervisor sends.
    func told(_ process: Process, _ signal: Int32) {
        hasChanged = true
        guard process.worker?.service == DriverScenario.steady, process.isAlive, !conductor.isStopping else { return }
        kernel.fail("what works is left alone", "\(kernel.name(of: process)) gets signal \(signal)")
    }

    /// Of each end.
    func ended(_ process: Process) {
        hasChanged = true
        guard process.isLeader, let worker = process.worker, let service = services[worker.service] else { return }
        ends[process.group.path] = (process.pid, process.status)
        let isLast = !kernel.processes.values.contains { $0.worker == worker && $0.isServing }
        // One that touched its memory.high is to be replaced in any case.
        let byItself = !process.wasTold && process.group.memoryHigh == 0
        workers[worker]?.ended(byItself: byItself, isLast: isLast, service, at: kernel.now)
    }

    /// That nobody told to end no more serve than may.
    private func checkServing() {
        var serving: [WorkerID: Int] = [:]
        for process in kernel.processes.values where process.isServing {
            if let worker = process.worker { serving[worker, default: 0] += 1 }
        }
        for (worker, count) in serving where count > (worker.service == DriverScenario.single ? 1 : 2) {
            kernel.fail("never two incarnations that serve", "\(worker) has \(count) that nobody told to end")
        }
        for (name, service) in services {
            let count = serving.reduce(0) { $0 + ($1.key.service == name ? $1.value : 0) }
            if count > service.most {
                kernel.fail(
                    "no more than a roll-out may start",
                    "\(count) of \(name) serve, and \(service.most) may at the most")
            }
        }
    }

    // MARK: Whenever the supervisor sleeps

    func check() {
        for process in kernel.processes.values {
            if case .supervisor = process.parent, process.state == .zombie,
                kernel.now - process.endedAt > 120 * Self.second
            {
                kernel.fail("what has ended is reaped", "\(kernel.name(of: process)) has not been for two minutes")
            }
        }
        guard hasChanged, conductor.isRunning, let supervisor = conductor.supervisor else { return }
        hasChanged = false
        checkServing()
        settleOrders()
        supervisor.assumeIsolated { compare($0.state(), $0) }
    }

    /// What the supervisor says with what the kernel knows.
    private func compare(_ state: FleetState, _ supervisor: isolated Supervisor) {
        for service in state.services {
            let serving = kernel.processes.values.count { $0.worker?.service == service.name && $0.isServing }
            if service.rollout?.isUnderWay == true { forgive(service.name) }
            // What can't be written down may be different after a death.
            if serving <= service.wanted, !kernel.hadFullDisk {
                services[service.name]?.settle(wanted: service.wanted)
                if service.rollout?.isUnderWay != true { services[service.name]?.settle(digest: service.digest) }
            }
            for worker in service.workers {
                if worker.state == .ready { workers[worker.id]?.ready() }
                for live in worker.live { compare(worker.id, live) }
                for past in (try? supervisor.incarnations(of: worker.id)) ?? [] where past.goneAt != nil {
                    compare(worker.id, past)
                }
            }
        }
    }

    private static let rule = "nothing of an incarnation is taken for another's"

    private func compare(_ worker: WorkerID, _ live: LiveDetail) {
        guard let pid = live.pid else { return }
        let name = "\(worker)@\(live.number)"
        guard let process = kernel.processes[pid] else {
            // The keeper has reaped it, and is about to tell.
            if ends["/unit/\(live.groupPath)"]?.pid == pid { return }
            return kernel.fail(Self.rule, "\(name) is said to be led by \(pid), which never was")
        }
        guard process.group.path == "/unit/\(live.groupPath)", process.worker == worker, process.isLeader else {
            return kernel.fail(Self.rule, "\(name) is said to be led by \(kernel.name(of: process))")
        }
        switch live.phase {
        case .ready:
            if !process.isReady, worker.service != DriverScenario.single {
                kernel.fail(Self.rule, "\(name) is said to be ready, which it never said")
            }
        case .stopping, .killing:
            if process.isServing { kernel.fail("who is to stop is told", "\(name) is \(live.phase), and serves on") }
        case .starting, .draining: break
        }
    }

    private func compare(_ worker: WorkerID, _ past: IncarnationRecord) {
        // One that could not be executed has no process.
        guard let pid = past.pid else { return }
        let name = "\(worker)@\(past.number)"
        guard let end = ends["/unit/\(worker.service)/\(worker.number)@\(past.number)"], end.pid == pid else {
            return kernel.fail(Self.rule, "\(name) is said to have ended, and to have been led by \(pid)")
        }
        let isSignal = end.status & 0x7f != 0
        guard let exit = past.exit, exit.code != nil || exit.signal != nil else { return }
        if isSignal ? exit.signal == nil : exit.code != end.status >> 8 {
            kernel.fail(Self.rule, "\(name) ended with \(end.status) (wait(2)), and is said to with \(exit)")
        }
    }

    // MARK: At the end

    /// What isn't as it has to be when all that is wanted runs; nil if all is well.
    func lack(_ state: FleetState) -> Lack? {
        let alive = kernel.processes.values.filter { $0.isAlive && $0.isLeader }
        for service in state.services {
            for worker in service.workers.prefix(service.wanted) {
                let found = alive.filter { $0.worker == worker.id }
                guard found.count == 1, found[0].isReady || service.name == DriverScenario.single,
                    worker.state == .ready, !found[0].group.isFrozen
                else {
                    return Lack(
                        "what is wanted runs", "\(worker.id) is \(worker.state), and \(found.count) of it are alive")
                }
            }
        }
        let known = Set(state.services.flatMap(\.workers).flatMap(\.live).compactMap(\.pid))
        for process in alive where !known.contains(process.pid) {
            return Lack("the driver knows all that lives", "\(kernel.name(of: process)) is none of its own")
        }
        let groups = Set(state.services.flatMap(\.workers).flatMap(\.live).map(\.groupPath))
        for group in kernel.root.all where group.name.contains("@") {
            let path = "\(group.parent?.name ?? "")/\(group.name)"
            if !groups.contains(path) { return Lack("the driver knows all that lives", "the cgroup \(path) is left") }
        }
        return descriptorLack(incarnations: groups.count, services: state.services.count)
    }

    /// What a supervisor with so many incarnations holds, and nothing more.
    private func descriptorLack(incarnations: Int, services: Int) -> Lack? {
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
            return Lack("what isn't needed is closed", "\(counts[name] ?? 0) descriptors are a \(name), not \(count)")
        }
        // The journal, and the one that it is written to anew.
        if counts.removeValue(forKey: "file") ?? 0 > 2 { return Lack("what isn't needed is closed", "too many files") }
        for name in counts.keys where expected[name] == nil {
            return Lack("what isn't needed is closed", "\(counts[name] ?? 0) descriptors are a \(name)")
        }
        if watches > 2 * incarnations {
            return Lack("what isn't needed is closed", "\(watches) files are watched of \(incarnations) cgroups")
        }
        if kernel.keeper.stored.count != incarnations {
            return Lack("what isn't needed is closed", "the keeper keeps \(kernel.keeper.stored.map(\.name))")
        }
        return nil
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

/// Something that isn't as it has to be yet.
struct Lack {
    let rule: String
    let what: String

    init(_ rule: String, _ what: String) { (self.rule, self.what) = (rule, what) }
}

extension Process {
    /// The worker that it belongs to.
    var worker: WorkerID? {
        guard let service = group.parent?.name, let number = Int(group.name.prefix { $0 != "@" }) else { return nil }
        return WorkerID(service: service, number: number)
    }

    /// Whether it leads an incarnation that nobody told to end.
    var isServing: Bool { isLeader && isAlive && !wasTold }
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
