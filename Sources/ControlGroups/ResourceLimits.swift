/// An amount of bytes, or no bound at all.
public enum ByteLimit: Hashable, Sendable, Codable, CustomStringConvertible {
    /// At most this many bytes.
    case bytes(UInt64)
    /// No bound; the kernel's `max`.
    case infinity

    /// What the kernel's interface files take: a number of bytes or `max`.
    public var description: String {
        switch self {
        case .bytes(let count): "\(count)"
        case .infinity: "max"
        }
    }
}

/// What an incarnation's cgroup is limited to. What is nil is left as the kernel has it.
///
/// See "Controllers" in the kernel's Documentation/admin-guide/cgroup-v2.rst.
public struct ResourceLimits: Hashable, Sendable, Codable {
    /// `memory.max`: the wall. With `memory.oom.group` the whole incarnation is killed when it is hit.
    public var memoryMax: ByteLimit?
    /// `memory.high`: the fence. Touching it begins a replacement.
    public var memoryHigh: ByteLimit?
    /// `memory.swap.max`.
    public var memorySwapMax: ByteLimit?
    /// `cpu.max`, in hundredths of one processor: 150 is one and a half. It is written with a period of 100 ms.
    public var cpuMaxPercent: Double?
    /// `cpu.weight`, 1 to 10000; the kernel's own is 100.
    public var cpuWeight: Int?
    /// `pids.max`: processes and threads.
    public var tasksMax: Int?
    /// `io.weight` (the default weight), 1 to 10000; the kernel's own is 100.
    public var ioWeight: Int?
    /// `cpuset.cpus`: the only processors, as in `0-3,6`.
    public var cpusetProcessors: String?
    /// `cpuset.mems`: the only memory nodes, as in `0`.
    public var cpusetMemoryNodes: String?

    /// No limit at all.
    public init() {}
}
