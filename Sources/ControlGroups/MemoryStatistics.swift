public import Reactor

/// What a cgroup and all below it hold of memory, in bytes: `memory.current` and parts of `memory.stat`.
public struct MemoryStatistics: Hashable, Sendable, Codable {
    /// `memory.current`: all of it, page cache included.
    public var current: UInt64
    /// `memory.peak`: the most there ever was; nil before Linux 5.19.
    public var peak: UInt64?
    /// `memory.swap.current`; nil if swap isn't accounted.
    public var swapCurrent: UInt64?
    /// What it consists of.
    public var composition: Composition

    /// What was read.
    public init(current: UInt64, peak: UInt64? = nil, swapCurrent: UInt64? = nil, composition: Composition) {
        self.current = current
        self.peak = peak
        self.swapCurrent = swapCurrent
        self.composition = composition
    }

    /// Parts of `memory.stat`; bytes but for the faults.
    public struct Composition: Hashable, Sendable, Codable {
        /// `anon`: heaps, stacks and so on.
        public var anonymous: UInt64
        /// `file`: page cache, with tmpfs and shared memory.
        public var file: UInt64
        /// `kernel`: kernel memory; nil before Linux 5.18.
        public var kernel: UInt64?
        /// `sock`: network buffers.
        public var sockets: UInt64
        /// `shmem`: tmpfs and shared memory, which is part of `file` but cannot be dropped.
        public var sharedMemory: UInt64
        /// `inactive_file`: page cache that is the first to be dropped.
        public var inactiveFile: UInt64
        /// `active_file`: page cache in use.
        public var activeFile: UInt64
        /// `pgfault`: page faults so far.
        public var pageFaults: UInt64
        /// `pgmajfault`: those of them that had to read from a disk.
        public var majorPageFaults: UInt64

        /// Reads the text of `memory.stat`; what is missing counts as 0.
        public init(parsing text: Span<UInt8>) {
            var place = 0
            anonymous = text.value(of: "anon", &place) ?? 0
            file = text.value(of: "file", &place) ?? 0
            kernel = text.value(of: "kernel", &place)
            sockets = text.value(of: "sock", &place) ?? 0
            sharedMemory = text.value(of: "shmem", &place) ?? 0
            inactiveFile = text.value(of: "inactive_file", &place) ?? 0
            activeFile = text.value(of: "active_file", &place) ?? 0
            pageFaults = text.value(of: "pgfault", &place) ?? 0
            majorPageFaults = text.value(of: "pgmajfault", &place) ?? 0
        }
    }

    /// What cannot be dropped without cost: `current` without the inactive page cache.
    public var workingSet: UInt64 {
        current - min(current, composition.inactiveFile)
    }
}

/// `memory.events`: how often something happened to the memory of a cgroup or one below it.
public struct MemoryEvents: Hashable, Sendable, Codable {
    /// It was reclaimed although under `memory.low`.
    public var low: UInt64
    /// It was slowed down and reclaimed for `memory.high`.
    public var high: UInt64
    /// It was about to exceed `memory.max`.
    public var max: UInt64
    /// Memory could not be had, and the out-of-memory killer was considered.
    public var outOfMemory: UInt64
    /// Processes killed by the out-of-memory killer.
    public var outOfMemoryKills: UInt64
    /// Whole groups killed for `memory.oom.group`; nil before Linux 5.17.
    public var groupKills: UInt64?

    /// Reads the text of `memory.events`; what is missing counts as 0.
    public init(parsing text: Span<UInt8>) {
        var place = 0
        low = text.value(of: "low", &place) ?? 0
        high = text.value(of: "high", &place) ?? 0
        max = text.value(of: "max", &place) ?? 0
        outOfMemory = text.value(of: "oom", &place) ?? 0
        outOfMemoryKills = text.value(of: "oom_kill", &place) ?? 0
        groupKills = text.value(of: "oom_group_kill", &place)
    }
}

// Each is nil without the memory controller.
extension ControlGroup {
    /// What is held of memory, and of what kind.
    public func memoryStatistics() throws(SystemCallError) -> MemoryStatistics? {
        guard let current = try memoryCurrent(),
            let composition = try withBytes(ofOptional: "memory.stat", { MemoryStatistics.Composition(parsing: $0) })
        else { return nil }
        return MemoryStatistics(
            current: current, peak: try memoryPeak(), swapCurrent: try number(in: "memory.swap.current"),
            composition: composition)
    }

    /// The events so far.
    public func memoryEvents() throws(SystemCallError) -> MemoryEvents? {
        try withBytes(ofOptional: "memory.events") { MemoryEvents(parsing: $0) }
    }

    /// `memory.current` in bytes.
    public func memoryCurrent() throws(SystemCallError) -> UInt64? {
        try number(in: "memory.current")
    }

    /// `memory.peak` in bytes; nil before Linux 5.19 too.
    public func memoryPeak() throws(SystemCallError) -> UInt64? {
        try number(in: "memory.peak")
    }
}
