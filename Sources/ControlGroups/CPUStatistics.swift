public import Reactor

/// `cpu.stat`: the processor time that a cgroup and all below it, living or dead, have used.
public struct CPUStatistics: Hashable, Sendable, Codable {
    /// `usage_usec`: processor time in microseconds.
    public var usageMicroseconds: UInt64
    /// `user_usec`: the part of it in user mode.
    public var userMicroseconds: UInt64
    /// `system_usec`: the part of it in the kernel.
    public var systemMicroseconds: UInt64
    /// How `cpu.max` held it back; nil without the cpu controller.
    public var throttling: Throttling?

    /// How `cpu.max` held a cgroup back.
    public struct Throttling: Hashable, Sendable, Codable {
        /// `nr_periods`: how many periods of `cpu.max` have passed while it wanted to run.
        public var periods: UInt64
        /// `nr_throttled`: in how many of them it was held back.
        public var throttledPeriods: UInt64
        /// `throttled_usec`: for how long in all, in microseconds.
        public var throttledMicroseconds: UInt64
    }

    /// Reads the text of `cpu.stat`; what is missing counts as 0.
    public init(parsing text: Span<UInt8>) {
        var place = 0
        usageMicroseconds = text.value(of: "usage_usec", &place) ?? 0
        userMicroseconds = text.value(of: "user_usec", &place) ?? 0
        systemMicroseconds = text.value(of: "system_usec", &place) ?? 0
        if let periods = text.value(of: "nr_periods", &place) {
            throttling = Throttling(
                periods: periods,
                throttledPeriods: text.value(of: "nr_throttled", &place) ?? 0,
                throttledMicroseconds: text.value(of: "throttled_usec", &place) ?? 0)
        }
    }
}

extension ControlGroup {
    /// The processor time used by this cgroup and all below it.
    ///
    /// `cpu.stat` is in every cgroup but for its throttling part, so ENOENT means that the cgroup is gone.
    public func cpuStatistics() throws(SystemCallError) -> CPUStatistics {
        try withBytes(of: "cpu.stat") { CPUStatistics(parsing: $0) }
    }
}
