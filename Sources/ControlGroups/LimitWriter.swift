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
    /// What is to be written for these limits.
    public func writes() -> [LimitWrite] {
        var writes: [LimitWrite] = []
        if let memoryMax { writes.append(LimitWrite(.memory, "memory.max", "\(memoryMax)")) }
        if let memoryHigh { writes.append(LimitWrite(.memory, "memory.high", "\(memoryHigh)")) }
        if let memorySwapMax { writes.append(LimitWrite(.memory, "memory.swap.max", "\(memorySwapMax)")) }
        if let cpuMaxPercent { writes.append(LimitWrite(.cpu, "cpu.max", "\(Self.quota(cpuMaxPercent)) 100000")) }
        if let cpuWeight { writes.append(LimitWrite(.cpu, "cpu.weight", "\(cpuWeight)")) }
        if let tasksMax { writes.append(LimitWrite(.pids, "pids.max", "\(tasksMax)")) }
        if let ioWeight { writes.append(LimitWrite(.io, "io.weight", "default \(ioWeight)")) }
        return writes
    }

    /// The microseconds of processor time in a period of 100 ms. What is no amount is left to the kernel to refuse.
    private static func quota(_ percent: Double) -> String {
        if percent == .infinity { return "max" }
        return UInt64(exactly: (percent * 1000).rounded()).map { "\($0)" } ?? "\(percent)"
    }

    /// Sets these limits, and `memory.oom.group` if there is the memory controller, on a fresh cgroup.
    ///
    /// - Parameters:
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
        var leftOut: [ControlGroupError] = []
        if available.contains(.memory) { try group.set(.groupKill) }
        for write in writes() {
            do throws(ControlGroupError) {
                guard available.contains(write.controller) else {
                    throw .controllerUnavailable(
                        limit: write.file, controller: write.controller, path: group.path,
                        reason: unavailable[write.controller])
                }
                try group.set(write)
            } catch {
                guard bestEffort, error.isMissingFeature else { throw error }
                leftOut.append(error)
            }
        }
        return leftOut
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
        case .system, .notMounted, .outsideOfMount, .notACgroup, .readOnly, .notPermitted, .locked, .killUnsupported,
            .stillPopulated, .limitRefused:
            false
        }
    }
}

extension ControlGroup {
    fileprivate func set(_ write: LimitWrite) throws(ControlGroupError) {
        do {
            try self.write(write.file, write.text)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notSupported: throw .limitUnsupported(limit: write.file, path: path)
            case .invalidArgument, .outOfRange:
                throw .limitRefused(limit: write.file, value: write.text, path: path, errno: error.errno)
            default: throw .system(error)
            }
        }
    }
}
