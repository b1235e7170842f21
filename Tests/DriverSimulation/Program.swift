import Glibc
import Supervision

/// What a worker's program does, in this world.
enum Behaviour: CaseIterable {
    case serves
    case crashesAtOnce
    case crashes
    case isKilled
    case neverReady
    case isSlow
    case ignoresTerm
    case leavesChildren
    case outOfMemory
    case touchesMemory
    case hangs
    case retires
    case repeatsItself
}

extension Kernel {
    /// Runs a program in a process that was just executed.
    func run(_ behaviour: Behaviour, in process: Process, _ environment: [String: String], stopTime: Double) {
        let socket = environment["NOTIFY_SOCKET"] ?? ""
        let watchdog = environment["WATCHDOG_USEC"].flatMap { Double($0) }.map { $0 / 1e6 }
        process.handle = { [unowned self, unowned process] signal in
            switch signal {
            case SIGTERM where behaviour == .ignoresTerm: break
            case SIGTERM:
                if process.chance(0.3) { notify(process, socket, "STOPPING=1") }
                after(process.chance(0.5) ? 0.0001 : process.seconds(0...stopTime), process) {
                    [unowned self, unowned process] in
                    exit(process, status: process.chance(0.8) ? 0 : SIGTERM)
                }
            case SIGCONT, 0: break
            default: exit(process, status: signal)
            }
        }
        let readyTime =
            behaviour == .isSlow ? process.seconds(5...25) : process.chance(0.5) ? 0.001 : process.seconds(0...3)
        if behaviour != .neverReady, behaviour != .crashesAtOnce {
            after(readyTime, process) { [unowned self, unowned process] in
                process.isReady = true
                notify(process, socket, "READY=1")
                if behaviour == .repeatsItself { for _ in 0..<3 { notify(process, socket, "READY=1") } }
                if let watchdog { feed(process, socket, each: watchdog / 2, until: behaviour == .hangs ? 20 : nil) }
            }
        }
        switch behaviour {
        case .serves, .neverReady, .isSlow, .ignoresTerm, .hangs, .repeatsItself: break
        case .crashesAtOnce: end(process, within: 0...0.01, status: 1 << 8)
        case .crashes: end(process, within: 0...2000, status: 3 << 8)
        case .isKilled: end(process, within: 0...2000, status: SIGKILL)
        case .retires: end(process, within: 0...2000, status: 0)
        case .leavesChildren:
            after(process.seconds(0...5), process) { [unowned self, unowned process] in
                fork(process)
                end(process, within: 0...600, status: 0)
            }
        case .outOfMemory:
            after(process.seconds(0...2000), process) { [unowned self, unowned process] in
                note("\(name(of: process)) is out of memory")
                process.group.memoryKills += 1
                changed(process.group, "memory.events")
                for member in process.group.members { send(SIGKILL, to: member, fromSupervisor: false) }
            }
        case .touchesMemory:
            after(process.seconds(0...1000), process) { [unowned self, unowned process] in touchMemory(process) }
        }
    }

    private func end(_ process: Process, within time: ClosedRange<Double>, status: Int32) {
        after(process.seconds(time), process) { [unowned self, unowned process] in exit(process, status: status) }
    }

    private func feed(_ process: Process, _ socket: String, each interval: Double, until count: Int?) {
        if count == 0 { return note("\(name(of: process)) hangs") }
        notify(process, socket, "WATCHDOG=1")
        after(interval, process) { [unowned self, unowned process] in
            feed(process, socket, each: interval, until: count.map { $0 - 1 })
        }
    }

    private func touchMemory(_ process: Process) {
        note("\(name(of: process)) touches its memory.high")
        process.group.memoryHigh += 1
        changed(process.group, "memory.events")
        after(process.seconds(0...30), process) { [unowned self, unowned process] in touchMemory(process) }
    }

    /// A child that lives on when its parent has ended.
    private func fork(_ process: Process) {
        let child = makeProcess(in: process.group, .process(process), isLeader: false)
        let isStubborn = child.chance(0.3)
        child.handle = { [unowned self, unowned child] signal in
            if signal == SIGCONT || signal == 0 || (signal == SIGTERM && isStubborn) { return }
            after(child.seconds(0...2), child) { [unowned self, unowned child] in exit(child, status: signal) }
        }
        if child.chance(0.5) { end(child, within: 0...1000, status: 0) }
    }
}
