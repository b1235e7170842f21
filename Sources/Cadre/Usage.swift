public import ControlGroups
import Reactor

/// What an incarnation, or several, have used and met with so far: figures that only ever grow.
public struct Usage: Hashable, Sendable, Codable {
    /// Processor time in microseconds.
    public var cpuMicroseconds: UInt64 = 0
    /// The part of it in user mode.
    public var userMicroseconds: UInt64 = 0
    /// The part of it in the kernel.
    public var systemMicroseconds: UInt64 = 0
    /// For how long `cpu.max` held it back, in microseconds.
    public var throttledMicroseconds: UInt64 = 0
    /// In how many periods it did.
    public var throttledPeriods: UInt64 = 0
    /// `high` of `memory.events`.
    public var memoryHigh: UInt64 = 0
    /// `max` of `memory.events`.
    public var memoryMax: UInt64 = 0
    /// `oom` of `memory.events`.
    public var outOfMemory: UInt64 = 0
    /// `oom_kill` of `memory.events`.
    public var outOfMemoryKills: UInt64 = 0
    /// How often `pids.max` refused a fork.
    public var taskLimitHits: UInt64 = 0
    /// Bytes read from block devices.
    public var readBytes: UInt64 = 0
    /// Bytes written to block devices.
    public var writtenBytes: UInt64 = 0
    /// Read operations.
    public var reads: UInt64 = 0
    /// Write operations.
    public var writes: UInt64 = 0
    /// Time in which tasks waited for a processor.
    public var cpuPressure = Stall()
    /// Time in which tasks waited for memory.
    public var memoryPressure = Stall()
    /// Time in which tasks waited for a block device.
    public var ioPressure = Stall()

    /// Time that was lost to waiting, in microseconds.
    public struct Stall: Hashable, Sendable, Codable {
        /// While at least one task waited.
        public var someMicroseconds: UInt64 = 0
        /// While all tasks waited.
        public var fullMicroseconds: UInt64 = 0

        init() {}

        init(_ pressure: PressureStatistics?) {
            someMicroseconds = pressure?.some.totalMicroseconds ?? 0
            fullMicroseconds = pressure?.full?.totalMicroseconds ?? 0
        }
    }

    /// Nothing so far.
    public init() {}

    /// The growing ones of a cgroup's figures.
    public init(_ statistics: Statistics) {
        cpuMicroseconds = statistics.cpu.usageMicroseconds
        userMicroseconds = statistics.cpu.userMicroseconds
        systemMicroseconds = statistics.cpu.systemMicroseconds
        throttledMicroseconds = statistics.cpu.throttling?.throttledMicroseconds ?? 0
        throttledPeriods = statistics.cpu.throttling?.throttledPeriods ?? 0
        memoryHigh = statistics.memoryEvents?.high ?? 0
        memoryMax = statistics.memoryEvents?.max ?? 0
        outOfMemory = statistics.memoryEvents?.outOfMemory ?? 0
        outOfMemoryKills = statistics.memoryEvents?.outOfMemoryKills ?? 0
        taskLimitHits = statistics.tasks?.limitHits ?? 0
        readBytes = statistics.io?.readBytes ?? 0
        writtenBytes = statistics.io?.writtenBytes ?? 0
        reads = statistics.io?.reads ?? 0
        writes = statistics.io?.writes ?? 0
        cpuPressure = Stall(statistics.cpuPressure)
        memoryPressure = Stall(statistics.memoryPressure)
        ioPressure = Stall(statistics.ioPressure)
    }

    /// Adds each figure.
    public static func += (left: inout Usage, right: Usage) {
        left.cpuMicroseconds += right.cpuMicroseconds
        left.userMicroseconds += right.userMicroseconds
        left.systemMicroseconds += right.systemMicroseconds
        left.throttledMicroseconds += right.throttledMicroseconds
        left.throttledPeriods += right.throttledPeriods
        left.memoryHigh += right.memoryHigh
        left.memoryMax += right.memoryMax
        left.outOfMemory += right.outOfMemory
        left.outOfMemoryKills += right.outOfMemoryKills
        left.taskLimitHits += right.taskLimitHits
        left.readBytes += right.readBytes
        left.writtenBytes += right.writtenBytes
        left.reads += right.reads
        left.writes += right.writes
        left.cpuPressure += right.cpuPressure
        left.memoryPressure += right.memoryPressure
        left.ioPressure += right.ioPressure
    }
}

extension Usage.Stall {
    static func += (left: inout Usage.Stall, right: Usage.Stall) {
        left.someMicroseconds += right.someMicroseconds
        left.fullMicroseconds += right.fullMicroseconds
    }
}
