import Reactor
import SystemPackage

/// One write to an interface file of a cgroup.
public struct LimitWrite: Hashable, Sendable {
    /// The controller that the file belongs to.
    public let controller: Controller
    /// The file, which is the limit's name too.
    public let file: String
    /// What is written.
    public let text: String

    /// A write of `text` to `file`.
    public init(_ controller: Controller, _ file: String, _ text: String) {
        self.controller = controller
        self.file = file
        self.text = text
    }

    /// What every incarnation gets: if the kernel has to kill for memory, it kills the cgroup as a whole.
    public static let groupKill = LimitWrite(.memory, "memory.oom.group", "1")
}

extension ResourceLimits {
    /// One limit as the kernel takes it.
    private struct Entry {
        let controller: Controller
        let file: String
        /// What a fresh cgroup has, see the kernel's Documentation/admin-guide/cgroup-v2.rst.
        let kernelDefault: String
        /// What is wanted; nil if that is left to the kernel.
        let wanted: String?

        /// What is in force.
        var text: String { wanted ?? kernelDefault }

        func write(_ text: String) -> LimitWrite { LimitWrite(controller, file, text) }
    }

    private var entries: [Entry] {
        func entry(_ controller: Controller, _ file: String, _ kernelDefault: String, _ wanted: String?) -> Entry {
            Entry(controller: controller, file: file, kernelDefault: kernelDefault, wanted: wanted)
        }
        return [
            entry(.memory, "memory.max", "max", memoryMax.map { "\($0)" }),
            entry(.memory, "memory.high", "max", memoryHigh.map { "\($0)" }),
            entry(.memory, "memory.swap.max", "max", memorySwapMax.map { "\($0)" }),
            entry(.cpu, "cpu.max", "max 100000", cpuMaxPercent.map { "\(Self.quota($0)) 100000" }),
            entry(.cpu, "cpu.weight", "100", cpuWeight.map { "\($0)" }),
            entry(.pids, "pids.max", "max", tasksMax.map { "\($0)" }),
            entry(.io, "io.weight", "default 100", ioWeight.map { "default \($0)" }),
            // Nothing: what the cgroup above may use. A write without any byte would never reach the kernel.
            entry(.cpuset, "cpuset.cpus", "\n", cpusetProcessors),
            entry(.cpuset, "cpuset.mems", "\n", cpusetMemoryNodes),
        ]
    }

    /// What is to be written for these limits to a fresh cgroup.
    public func writes() -> [LimitWrite] {
        entries.compactMap { entry in entry.wanted.map(entry.write) }
    }

    /// What is to be written to a cgroup that has the limits `old` for it to have these. A limit that is no more gets
    /// the kernel's own value back.
    public func changes(from old: ResourceLimits) -> [LimitWrite] {
        zip(old.entries, entries).compactMap { old, new in old.text == new.text ? nil : new.write(new.text) }
    }

    /// The microseconds of processor time in a period of 100 ms. What is no amount is left to the kernel to refuse.
    private static func quota(_ percent: Double) -> String {
        if percent == .infinity { return "max" }
        return UInt64(exactly: (percent * 1000).rounded()).map { "\($0)" } ?? "\(percent)"
    }

    /// Sets these limits, and `memory.oom.group` if there is the memory controller, on a fresh cgroup.
    ///
    /// - Parameters:
    ///   - group: the cgroup.
    ///   - available: the controllers that the cgroup has.
    ///   - unavailable: why another controller is missing, where that is known better than "not delegated".
    ///   - bestEffort: leave out what the cgroup doesn't offer instead of failing.
    /// - Returns: an error for each limit that was left out; always empty unless `bestEffort`.
    /// - Throws: `.controllerUnavailable` and `.limitUnsupported` unless `bestEffort`; `.limitRefused` for a bad value.
    @discardableResult
    public func apply(
        to group: borrowing ControlGroup, available: Set<Controller>, unavailable: [Controller: String] = [:],
        bestEffort: Bool = false
    ) throws(ControlGroupError) -> [ControlGroupError] {
        if available.contains(.memory) { try group.set(.groupKill) }
        return try group.set(writes(), available: available, unavailable: unavailable, bestEffort: bestEffort)
    }

    /// Sets these limits on a cgroup that has the limits `old`, whose processes run on.
    ///
    /// What was written before an error stays. Parameters, result and errors are those of
    /// ``apply(to:available:unavailable:bestEffort:)``.
    @discardableResult
    public func applyChanges(
        from old: ResourceLimits, to group: borrowing ControlGroup, available: Set<Controller>,
        unavailable: [Controller: String] = [:], bestEffort: Bool = false
    ) throws(ControlGroupError) -> [ControlGroupError] {
        try group.set(changes(from: old), available: available, unavailable: unavailable, bestEffort: bestEffort)
    }

    /// Why a limit may be missing although its controller is there.
    static func whyMissing(_ limit: String) -> String {
        switch limit {
        case "memory.swap.max":
            "the kernel does not account swap; boot it with swapaccount=1, or leave memory_swap_max out"
        case "io.weight":
            "this kernel has no cost model for block devices (CONFIG_BLK_CGROUP_IOCOST); leave io_weight out"
        default: "this kernel does not offer it; cadre needs Linux 6.1 or newer"
        }
    }

    /// What a limit's value may be, where it isn't obvious.
    static func range(of limit: String) -> String? {
        switch limit {
        case "cpu.max": "at least 1 % of a processor is needed"
        case "cpu.weight", "io.weight": "a weight is a number from 1 to 10000"
        case "cpuset.cpus": "a processor of it isn't there (/sys/devices/system/cpu/online)"
        case "cpuset.mems": "a memory node of it isn't there (/sys/devices/system/node/has_memory)"
        case "pids.max": "it is a number of tasks from 0 to 4194304"
        default: nil
        }
    }
}

extension ControlGroupError {
    /// Whether the cgroup lacks something, as opposed to a bad value.
    fileprivate var isMissingFeature: Bool {
        switch self {
        case .controllerUnavailable, .limitUnsupported: true
        case .system, .notMounted, .outsideOfMount, .notACgroup, .readOnly, .notPermitted, .locked, .notAbandoned,
            .inside, .killUnsupported, .stillPopulated, .limitRefused:
            false
        }
    }
}

extension ControlGroup {
    fileprivate func set(
        _ writes: [LimitWrite], available: Set<Controller>, unavailable: [Controller: String], bestEffort: Bool
    ) throws(ControlGroupError) -> [ControlGroupError] {
        var leftOut: [ControlGroupError] = []
        for write in writes {
            do throws(ControlGroupError) {
                guard available.contains(write.controller) else {
                    throw .controllerUnavailable(
                        limit: write.file, controller: write.controller, path: path,
                        reason: unavailable[write.controller])
                }
                try set(write)
            } catch {
                guard bestEffort, error.isMissingFeature else { throw error }
                leftOut.append(error)
            }
        }
        return leftOut
    }

    fileprivate func set(_ write: LimitWrite) throws(ControlGroupError) {
        do {
            try put(write)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notSupported: throw .limitUnsupported(limit: write.file, path: path)
            case .invalidArgument, .outOfRange:
                throw .limitRefused(limit: write.file, value: write.text, path: path, errno: error.errno)
            default: throw .system(error)
            }
        }
    }

    private func put(_ write: LimitWrite) throws(SystemCallError) {
        do {
            try self.write(write.file, write.text)
        } catch {
            // Once processes have run in it with a set of its own, a cgroup can't be without one (validate_change(),
            // kernel/cgroup/cpuset.c): it gets all that the cgroup above may use.
            guard error.errno == .noSpace, write.controller == .cpuset, write.text == "\n" else { throw error }
            try self.write(write.file, try read("../\(write.file).effective"))
        }
    }
}
