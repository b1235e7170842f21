public import Reactor

/// The processes and threads of a cgroup and all below it: `pids.*`.
public struct TaskStatistics: Hashable, Sendable, Codable {
    /// `pids.current`: how many there are.
    public var current: UInt64
    /// `max` of `pids.events`: how often a fork failed for `pids.max`.
    public var limitHits: UInt64

    /// What was read.
    public init(current: UInt64, limitHits: UInt64) {
        self.current = current
        self.limitHits = limitHits
    }
}

extension ControlGroup {
    /// How many processes and threads there are; nil without the pids controller.
    public func taskStatistics() throws(SystemCallError) -> TaskStatistics? {
        guard let current = try number(in: "pids.current") else { return nil }
        return TaskStatistics(current: current, limitHits: try taskLimitHits() ?? 0)
    }

    /// Only how often a fork failed for `pids.max`; nil without the pids controller.
    public func taskLimitHits() throws(SystemCallError) -> UInt64? {
        try withBytes(ofOptional: "pids.events") { text -> UInt64? in
            var place = 0
            return text.value(of: "max", &place)
        } ?? nil
    }
}
