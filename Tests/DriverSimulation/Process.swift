import CLinux
import CSimulatedKernel
import Glibc
import Simulation
import Supervision

/// A process of the simulated machine.
final class Process {
    enum State {
        case running
        /// It has left its cgroup, and isn't yet to be waited for.
        case ending
        case zombie
        case reaped
    }

    enum Parent {
        case supervisor
        case keeper
        case process(Process)
    }

    let pid: Int32
    let startTime: UInt64
    var parent: Parent
    var group: Cgroup
    var state = State.running
    /// As of wait(2).
    var status: Int32 = 0
    var endedAt: Int64 = 0
    /// Whether it leads an incarnation, and isn't a child of one that does.
    let isLeader: Bool
    var isReady = false
    /// Whether the supervisor has sent it a signal.
    var wasTold = false
    /// What its program, and the kernel at its end, decide by.
    var random: SeededRandom
    /// What its program makes of a signal other than SIGKILL.
    var handle: (Int32) -> Void = { _ in }

    init(pid: Int32, startTime: UInt64, parent: Parent, group: Cgroup, isLeader: Bool, _ random: SeededRandom) {
        (self.pid, self.startTime, self.parent, self.group) = (pid, startTime, parent, group)
        self.isLeader = isLeader
        self.random = random
    }

    func chance(_ probability: Double) -> Bool { random.chance(probability) }

    func seconds(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }

    var isAlive: Bool { state == .running }
}

extension Kernel {
    func makeProcess(in group: Cgroup, _ parent: Process.Parent, isLeader: Bool) -> Process {
        let pid = nextPid()
        let random =
            if case .process(let parent) = parent { SeededRandom(seed: parent.random.next()) } else {
                generator(group.path)
            }
        let process = Process(
            pid: pid, startTime: UInt64(now / 10_000_000), parent: parent, group: group, isLeader: isLeader, random)
        processes[process.pid] = process
        group.members.append(process)
        populate(group, by: 1)
        return process
    }

    /// A new number, or one that has been free for a while: the kernel gives them out in turn.
    private func nextPid() -> Int32 {
        if let free = freePids.first, now - free.since > 1_000_000_000, chance(0.7) {
            return freePids.removeFirst().pid
        }
        lastPid += 1
        return lastPid
    }

    func move(_ process: Process, to group: Cgroup) {
        leave(process)
        process.group = group
        group.members.append(process)
        populate(group, by: 1)
    }

    private func leave(_ process: Process) {
        let group = process.group
        let count = group.members.count
        group.members.removeAll { $0 === process }
        if group.members.count != count { populate(group, by: -1) }
    }

    /// Has something of a process happen later: not if it has ended by then, and not before it is thawed.
    func after(_ seconds: Double, _ process: Process, _ body: @escaping () -> Void) {
        after(seconds) { [self] in unfrozen(process, body) }
    }

    private func unfrozen(_ process: Process, _ body: @escaping () -> Void) {
        guard process.isAlive else { return }
        if process.group.isFrozen {
            process.group.deferred.append { [self] in unfrozen(process, body) }
        } else {
            body()
        }
    }

    // MARK: Signals

    func send(_ signal: Int32, to process: Process, fromSupervisor: Bool) {
        if fromSupervisor, signal != 0, signal != SIGCONT {
            process.wasTold = true
            told(process, signal)
        }
        guard process.isAlive else { return }
        if signal == SIGKILL {
            // Even a frozen one dies (cgroup-v2.rst).
            after(process.seconds(0...0.002)) { [self] in exit(process, status: SIGKILL) }
        } else {
            after(0.00001, process) { process.handle(signal) }
        }
    }

    /// The process ends: it leaves its cgroup, and is then to be waited for.
    func exit(_ process: Process, status: Int32) {
        guard process.isAlive else { return }
        note("\(name(of: process)) ends with \(status & 0x7f == 0 ? "code \(status >> 8)" : "signal \(status)")")
        process.state = .ending
        process.status = status
        process.endedAt = now
        for child in processes.values.sorted(by: { $0.pid < $1.pid }) {
            if case .process(let parent) = child.parent, parent === process { hand(child) }
        }
        leave(process)
        ended(process)
        after(process.chance(0.3) ? process.seconds(0...0.0003) : 0) { [self] in
            process.state = .zombie
            switch process.parent {
            case .supervisor: break
            case .keeper: keeperReaps(process)
            case .process: reap(process)
            }
        }
    }

    /// To the keeper, which is the nearest subreaper.
    private func hand(_ process: Process) {
        process.parent = .keeper
        if process.state == .zombie { keeperReaps(process) }
    }

    private func keeperReaps(_ process: Process) {
        after(process.seconds(0...0.02)) { [self] in
            var record = ExitBytes(pid: process.pid, status: process.status, startTime: process.startTime)
            keeper.records.append(withUnsafeBytes(of: &record) { Array($0) })
            reap(process)
        }
    }

    func reap(_ process: Process) {
        process.state = .reaped
        processes[process.pid] = nil
        freePids.append((process.pid, now))
    }

    func name(of process: Process) -> String {
        "\(process.group.parent?.name ?? "")/\(process.group.name) \(process.isLeader ? "" : "child ")[\(process.pid)]"
    }

    // MARK: The supervisor

    func startSupervisor() {
        lastPid += 1
        supervisor = Process(
            pid: lastPid, startTime: UInt64(now / 10_000_000), parent: .keeper, group: root, isLeader: false, random)
        callsLeft = nil
    }

    /// The supervisor is killed, or ends by itself: so does the calling thread.
    func endSupervisor(_ status: Int32) -> Never {
        if let supervisor {
            note("the supervisor ends with \(status)")
            leave(supervisor)
        }
        supervisor = nil
        callsLeft = nil
        closeAll()
        for group in root.all { group.isLocked = false }
        for process in processes.values.sorted(by: { $0.pid < $1.pid }) {
            if case .supervisor = process.parent { hand(process) }
        }
        supervisorEnded(status)
        simulation_end_thread()
    }

    // MARK: Calls

    func spawn(_ spawn: UnsafeMutablePointer<cadre_spawn>) -> Int {
        func fail(_ step: cadre_spawn_step, _ code: Int32) -> Int {
            (spawn.pointee.failed_step, spawn.pointee.error, spawn.pointee.failed_index) = (step, code, 0)
            note("a spawn fails: \(code)")
            return -1
        }
        guard case .cgroup(let group) = openFile(spawn.pointee.control_group)?.kind else {
            return fail(CADRE_SPAWN_CLONE, EBADF)
        }
        let arguments = strings(spawn.pointee.arguments)
        if let code = faults.spawn { return fail(CADRE_SPAWN_CLONE, code) }
        if group.isRemoved { return fail(CADRE_SPAWN_CLONE, ENODEV) }
        if group.isEffectivelyFrozen { self.fail("nobody starves", "a process is started in the frozen \(group.path)") }
        let process = makeProcess(in: group, .supervisor, isLeader: true)
        if let attribute = spawn.pointee.leader_attribute {
            group.attributes[String(cString: attribute)] = Array("\(process.pid)".utf8)
        }
        if arguments[0].contains("missing") {
            leave(process)
            reap(process)
            return fail(CADRE_SPAWN_EXEC, ENOENT)
        }
        spawn.pointee.pid = process.pid
        spawn.pointee.pidfd = Int32(install(OpenFile(.pidfd(process))))
        note("\(name(of: process)) is executed")
        var environment: [String: String] = [:]
        for line in strings(spawn.pointee.environment) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { environment[String(parts[0])] = String(parts[1]) }
        }
        execute(process, arguments, environment)
        return 0
    }

    private func strings(_ list: UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
        var strings: [String] = []
        var next = list
        while let text = next?.pointee {
            strings.append(String(cString: text))
            next = next?.advanced(by: 1)
        }
        return strings
    }

    func openPidfd(_ pid: Int32) -> Int {
        guard let process = processes[pid] else { return -Int(ESRCH) }
        return withFault { install(OpenFile(.pidfd(process))) }
    }

    func signal(_ pidfd: Int32, _ signal: Int32) -> Int {
        guard case .pidfd(let process) = openFile(pidfd)?.kind else { return -Int(EBADF) }
        if process.state == .reaped { return -Int(ESRCH) }
        if process.isAlive { note("signal \(signal) to \(name(of: process))") }
        send(signal, to: process, fromSupervisor: true)
        return 0
    }

    /// waitid(2) of a pidfd: the process if it has ended, or nil if it still runs.
    func wait(_ pidfd: Int32, leave: Bool) -> (answer: Int, process: Process?) {
        guard case .pidfd(let process) = openFile(pidfd)?.kind else { return (-Int(EBADF), nil) }
        guard case .supervisor = process.parent, process.state != .reaped else { return (-Int(ECHILD), nil) }
        guard process.state == .zombie else { return (0, nil) }
        if !leave { reap(process) }
        return (1, process)
    }

    /// PIDFD_GET_INFO.
    func status(ofPidfd pidfd: Int32) -> (answer: Int, status: Int32) {
        guard case .pidfd(let process) = openFile(pidfd)?.kind else { return (-Int(EBADF), 0) }
        guard tellsExits else { return (-Int(ENOTTY), 0) }
        return process.state == .reaped ? (1, process.status) : (0, 0)
    }
}

/// What the keeper tells of an end; see ExitRecord of its module.
private struct ExitBytes {
    var pid: Int32
    var status: Int32
    var startTime: UInt64
}
