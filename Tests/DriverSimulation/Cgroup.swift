import Glibc

/// A cgroup of version 2, as the kernel's Documentation/admin-guide/cgroup-v2.rst describes it.
final class Cgroup {
    let name: String
    private(set) weak var parent: Cgroup?
    var children: [String: Cgroup] = [:]
    var attributes: [String: [UInt8]] = [:]
    var settings: [String: String] = [:]
    var members: [Process] = []
    /// Live processes in it and below.
    fileprivate(set) var population = 0
    var isToBeFrozen = false
    var isFrozen = false
    var isRemoved = false
    /// Changes of `cgroup.events`.
    fileprivate(set) var version = 0
    var memoryHigh = 0
    var memoryKills = 0
    var isLocked = false
    /// Who waits until it is thawed.
    var deferred: [() -> Void] = []

    init(name: String, parent: Cgroup?) {
        self.name = name
        self.parent = parent
    }

    var path: String { parent.map { "\($0.path)/\(name)" } ?? "" }

    /// It and all below, from the top.
    var all: [Cgroup] { [self] + children.sorted { $0.key < $1.key }.flatMap(\.value.all) }

    var isEffectivelyFrozen: Bool { isFrozen || parent?.isEffectivelyFrozen ?? false }

    func text(of file: String) -> String? {
        switch file {
        case "cgroup.events": "populated \(population > 0 ? 1 : 0)\nfrozen \(isFrozen ? 1 : 0)\n"
        case "cgroup.procs": members.map { "\($0.pid)\n" }.joined()
        case "cgroup.controllers": "cpu io memory pids\n"
        case "cgroup.freeze": isToBeFrozen ? "1\n" : "0\n"
        case "cpu.stat": "usage_usec 100\nuser_usec 60\nsystem_usec 40\n"
        case "memory.current", "memory.peak": "4096\n"
        case "memory.stat": "anon 4096\nfile 0\n"
        case "memory.events":
            "low 0\nhigh \(memoryHigh)\nmax 0\noom \(memoryKills)\noom_kill \(memoryKills)\noom_group_kill \(memoryKills)\n"
        case "pids.current": "\(population)\n"
        case "pids.events": "max 0\n"
        case "cgroup.kill", "cgroup.subtree_control", "memory.max", "memory.high", "memory.swap.max",
            "memory.oom.group",
            "cpu.max", "cpu.weight", "pids.max", "io.weight":
            settings[file] ?? "\n"
        default: nil
        }
    }
}

extension Kernel {
    func populate(_ group: Cgroup, by change: Int) {
        var next: Cgroup? = group
        while let current = next {
            let was = current.population > 0
            current.change(population: change)
            if was != (current.population > 0) { changed(current, "cgroup.events") }
            next = current.parent
        }
    }

    /// Tells who watches a file.
    func changed(_ group: Cgroup, _ file: String) {
        if file == "cgroup.events" { group.noteChange() }
        for case .inotify(let queue) in descriptors.sorted(by: { $0.key < $1.key }).map(\.value.kind) {
            for (number, watch) in queue.watches where watch.group === group && watch.file == file {
                queue.add(number, UInt32(IN_MODIFY))
            }
        }
    }

    func remove(_ group: Cgroup) -> Int {
        guard group.children.isEmpty, group.population == 0 else { return -Int(EBUSY) }
        group.isRemoved = true
        group.parent?.children[group.name] = nil
        note("\(group.path) is removed")
        for case .inotify(let queue) in descriptors.values.map(\.kind) {
            for (number, watch) in queue.watches.sorted(by: { $0.key < $1.key }) where watch.group === group {
                queue.watches[number] = nil
                queue.add(number, UInt32(IN_IGNORED))
            }
        }
        return 0
    }

    func write(_ text: String, to file: String, of group: Cgroup) -> Int {
        if group.isRemoved { return -Int(ENODEV) }
        switch file {
        case "cgroup.kill":
            note("kill all of \(group.path)")
            for member in group.all.flatMap(\.members) { send(SIGKILL, to: member, fromSupervisor: true) }
        case "cgroup.procs":
            guard let process = text == "0" ? supervisor : Int32(text).flatMap({ processes[$0] }) else {
                // The keeper, which nobody asks for its cgroup.
                return 0
            }
            move(process, to: group)
        case "cgroup.freeze": freeze(group, text.first == "1")
        case "cgroup.events", "cgroup.controllers", "cpu.stat": return -Int(EINVAL)
        default: group.settings[file] = text
        }
        return 0
    }

    /// All of it stops or goes on, a moment later.
    private func freeze(_ group: Cgroup, _ isToBeFrozen: Bool) {
        guard group.isToBeFrozen != isToBeFrozen else { return }
        group.isToBeFrozen = isToBeFrozen
        note("\(isToBeFrozen ? "freeze" : "thaw") \(group.path)")
        after(isToBeFrozen ? seconds(0...0.005) : 0) { [self] in
            guard !group.isRemoved, group.isFrozen != group.isToBeFrozen else { return }
            group.isFrozen = group.isToBeFrozen
            changed(group, "cgroup.events")
            guard !group.isFrozen else { return }
            for body in exchange(&group.deferred, with: []) { body() }
        }
    }
}

extension Cgroup {
    fileprivate func change(population change: Int) { population += change }
    fileprivate func noteChange() { version += 1 }
}
