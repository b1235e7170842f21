import ArgumentParser

/// The columns of `cadre top`, from left to right.
enum TopColumn: String, CaseIterable {
    case name
    case state
    case pid
    case cpu
    case cpuHistory = "cpu-history"
    case memory
    case memoryHistory = "memory-history"
    case restarts
    case uptime
    case tasks
    case memoryMax = "memory-max"
    case cpuPressure = "cpu-pressure"
    case memoryPressure = "memory-pressure"
    case ioPressure = "io-pressure"
    case read
    case written
    case lastExit = "last-exit"

    var title: String {
        switch self {
        case .name: "NAME"
        case .state: "STATE"
        case .pid: "PID"
        case .cpu: "CPU%"
        case .cpuHistory: "CPU"
        case .memory: "MEM"
        case .memoryHistory: "MEMORY"
        case .restarts: "RST"
        case .uptime: "UP"
        case .tasks: "TASKS"
        case .memoryMax: "MAX"
        case .cpuPressure: "P-CPU"
        case .memoryPressure: "P-MEM"
        case .ioPressure: "P-IO"
        case .read: "READ/s"
        case .written: "WRITE/s"
        case .lastExit: "LAST EXIT"
        }
    }

    /// How many columns of the terminal it takes at least.
    var width: Int {
        switch self {
        case .name: 8
        case .state: 8
        case .pid: 7
        case .cpu, .memory, .uptime, .memoryMax: 6
        case .cpuHistory: 10
        case .memoryHistory: 8
        case .restarts, .tasks, .cpuPressure, .memoryPressure, .ioPressure: 5
        case .read, .written: 7
        case .lastExit: 12
        }
    }

    /// Whether what it shows stands at its right.
    var isRight: Bool {
        switch self {
        case .name, .state, .lastExit: false
        case .pid, .cpu, .cpuHistory, .memory, .memoryHistory, .restarts, .uptime, .tasks, .memoryMax, .cpuPressure,
            .memoryPressure, .ioPressure, .read, .written:
            true
        }
    }

    /// Whether rows can be sorted by it.
    var isSortable: Bool { self != .cpuHistory && self != .memoryHistory }

    /// Whether what is most interesting comes first when it is sorted from high to low.
    var startsDescending: Bool {
        switch self {
        case .name, .state, .pid, .lastExit: false
        case .cpu, .cpuHistory, .memory, .memoryHistory, .restarts, .uptime, .tasks, .memoryMax, .cpuPressure,
            .memoryPressure, .ioPressure, .read, .written:
            true
        }
    }

    /// The order in which columns get room.
    private static let byImportance: [TopColumn] = [
        .name, .state, .cpu, .memory, .pid, .restarts, .uptime, .cpuHistory, .memoryHistory, .tasks, .memoryMax,
        .lastExit, .cpuPressure, .memoryPressure, .ioPressure, .read, .written,
    ]

    /// The columns for a terminal so wide, and how wide each is; between two there is a space.
    ///
    /// - Parameter names: How many columns the longest name takes.
    static func layout(width total: Int, names: Int) -> [(column: TopColumn, width: Int)] {
        let nameWidth = min(max(names, TopColumn.name.width), 24)
        var used = -1
        var shown: Set<TopColumn> = []
        for column in byImportance {
            let width = 1 + (column == .name ? nameWidth : column.width)
            guard used + width <= total || column == .name else { break }
            used += width
            shown.insert(column)
        }
        // What is left goes to what can use it best.
        var left = max(0, total - used)
        var widths = Dictionary(uniqueKeysWithValues: shown.map { ($0, $0 == .name ? nameWidth : $0.width) })
        func widen(_ column: TopColumn, to most: Int) {
            guard let width = widths[column] else { return }
            let more = min(left, max(0, most - width))
            widths[column] = width + more
            left -= more
        }
        widen(.name, to: names)
        widen(.lastExit, to: 40)
        widen(.cpuHistory, to: 20)
        widen(.memoryHistory, to: 20)
        widen(.lastExit, to: .max)
        if total < nameWidth { widths[.name] = max(0, total) }
        return allCases.compactMap { column in widths[column].map { (column, $0) } }
    }
}

extension TopColumn: ExpressibleByArgument {
    init?(argument: String) {
        guard let column = TopColumn(rawValue: argument), column.isSortable else { return nil }
        self = column
    }

    static var allValueStrings: [String] { allCases.filter(\.isSortable).map(\.rawValue) }
}
