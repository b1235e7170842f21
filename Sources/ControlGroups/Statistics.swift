public import Reactor

/// All the figures that the kernel keeps of one cgroup and those below it; nil where a controller is missing.
public struct Statistics: Hashable, Sendable, Codable {
    /// Processor time.
    public var cpu: CPUStatistics
    /// Memory held.
    public var memory: MemoryStatistics?
    /// What happened to its memory.
    public var memoryEvents: MemoryEvents?
    /// Processes and threads.
    public var tasks: TaskStatistics?
    /// Block devices.
    public var io: IOStatistics?
    /// Waits for a processor.
    public var cpuPressure: PressureStatistics?
    /// Waits for memory.
    public var memoryPressure: PressureStatistics?
    /// Waits for block devices.
    public var ioPressure: PressureStatistics?

    /// Figures that are all absent but for the processor time.
    public init(cpu: CPUStatistics) {
        self.cpu = cpu
    }
}

/// Which groups of figures a cgroup has, so that who reads thousands of cgroups need not look for what isn't there.
public struct StatisticsGroups: OptionSet, Hashable, Sendable {
    /// One bit for each group.
    public let rawValue: UInt8

    /// The groups of these bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `memory.*`, of the memory controller.
    public static let memory = StatisticsGroups(rawValue: 1)
    /// `pids.*`, of the pids controller.
    public static let tasks = StatisticsGroups(rawValue: 2)
    /// `io.stat`, of the io controller.
    public static let io = StatisticsGroups(rawValue: 4)
    /// `*.pressure`, which need no controller, but a kernel that accounts them.
    public static let pressure = StatisticsGroups(rawValue: 8)
    /// The throttling part of `cpu.stat`, of the cpu controller.
    public static let throttling = StatisticsGroups(rawValue: 16)

    /// Everything.
    public static let all: StatisticsGroups = [.memory, .tasks, .io, .pressure, .throttling]
}

extension ControlGroup {
    /// Which groups of figures it has. Its siblings have the same: their parent gives all of them the same controllers.
    ///
    /// - Throws: ENOENT or ENODEV if the cgroup is gone.
    public func statisticsGroups() throws(SystemCallError) -> StatisticsGroups {
        let figures = try statistics()
        var groups: StatisticsGroups = []
        if figures.memory != nil { groups.insert(.memory) }
        if figures.tasks != nil { groups.insert(.tasks) }
        if figures.io != nil { groups.insert(.io) }
        if figures.cpuPressure != nil { groups.insert(.pressure) }
        if figures.cpu.throttling != nil { groups.insert(.throttling) }
        return groups
    }

    /// Reads every figure: a dozen small files, for snapshots; what runs often takes the single ones.
    ///
    /// - Parameter groups: what there is, to save the search for the rest.
    /// - Throws: ENOENT or ENODEV if the cgroup is gone.
    public func statistics(_ groups: StatisticsGroups = .all) throws(SystemCallError) -> Statistics {
        var statistics = Statistics(cpu: try cpuStatistics())
        if groups.contains(.memory) {
            statistics.memory = try memoryStatistics()
            statistics.memoryEvents = try memoryEvents()
        }
        if groups.contains(.tasks) { statistics.tasks = try taskStatistics() }
        if groups.contains(.io) { statistics.io = try ioStatistics() }
        if groups.contains(.pressure) {
            statistics.cpuPressure = try pressure(.cpu)
            statistics.memoryPressure = try pressure(.memory)
            statistics.ioPressure = try pressure(.io)
        }
        return statistics
    }
}
