import Cadre
import Specification

/// A row of `cadre top`: what is known of a service or a worker, and how it is shown and sorted.
struct TopEntry {
    let id: TopID
    let state: String
    /// Whether enough workers of a service are ready; true for a worker.
    let isHealthy: Bool
    let pid: Int32?
    let incarnation: UInt64?
    let memoryMax: UInt64?
    let memoryPeak: UInt64?
    let restarts: Int
    let uptime: Double?
    let tasks: UInt64?
    let pressure: PressureSnapshot?
    let lastExit: String?
    let statusText: String?
    let controlGroup: String?
    let track: TopHistory.Track

    /// Processor time in percent of one processor, to a tenth as it is shown: what looks equal is sorted as equal, so
    /// that idle rows don't dance.
    var cpu: Double? { (track.cpu.last ?? nil).map { ($0 * 10).rounded() / 10 } }
    var memory: Double? { track.memory.last ?? nil }

    init(_ service: ServiceSnapshot, _ worker: WorkerSnapshot, _ track: TopHistory.Track) {
        id = TopID(service: service.name, worker: worker.number)
        state = worker.state
        isHealthy = true
        pid = worker.pid
        incarnation = worker.incarnation
        memoryMax = worker.memoryMaxBytes
        memoryPeak = worker.memoryPeakBytes
        restarts = worker.restarts
        uptime = worker.uptimeSeconds
        tasks = worker.tasks
        pressure = worker.pressure
        lastExit = worker.lastExit.map(StatusTable.lastExit)
        statusText = worker.statusText
        controlGroup = worker.controlGroup
        self.track = track
    }

    /// The row of a service: the sums of its workers.
    init(_ service: ServiceSnapshot, _ track: TopHistory.Track) {
        id = TopID(service: service.name, worker: nil)
        state = "\(service.ready)/\(service.wanted)"
        isHealthy = service.isHealthy
        pid = nil
        incarnation = nil
        memoryMax = nil
        memoryPeak = nil
        restarts = service.workers.reduce(0) { $0 + $1.restarts }
        uptime = nil
        tasks = sum(service.workers.compactMap(\.tasks))
        pressure = nil
        lastExit = nil
        statusText = nil
        controlGroup = nil
        self.track = track
    }

    // MARK: Sorting

    /// What a row is sorted by; what isn't known comes last whatever the direction.
    private enum SortKey {
        case number(Double?)
        case text(String?)
    }

    private func key(_ column: TopColumn) -> SortKey {
        switch column {
        // By service and number, which is the order among equals.
        case .name: .text(nil)
        case .state: .text(state)
        case .pid: .number(pid.map { Double($0) })
        case .cpu, .cpuHistory: .number(cpu)
        case .memory, .memoryHistory: .number(memory)
        case .restarts: .number(Double(restarts))
        case .uptime: .number(uptime)
        case .tasks: .number(tasks.map { Double($0) })
        case .memoryMax: .number(memoryMax.map { Double($0) })
        case .cpuPressure: .number(pressure?.cpu)
        case .memoryPressure: .number(pressure?.memory)
        case .ioPressure: .number(pressure?.io)
        case .read: .number(track.read)
        case .written: .number(track.written)
        case .lastExit: .text(lastExit)
        }
    }

    /// Whether this row comes before another.
    func precedes(_ other: TopEntry, by column: TopColumn, isDescending: Bool) -> Bool {
        if column == .name { return isDescending ? other.isNamedBefore(self) : isNamedBefore(other) }
        switch (key(column), other.key(column)) {
        case (.number(let mine), .number(let theirs)):
            return precedes(other, finite(mine), finite(theirs), isDescending)
        case (.text(let mine), .text(let theirs)): return precedes(other, mine, theirs, isDescending)
        case (.number, .text), (.text, .number): return false
        }
    }

    private func precedes<Value: Comparable>(
        _ other: TopEntry, _ mine: Value?, _ theirs: Value?, _ isDescending: Bool
    ) -> Bool {
        switch (mine, theirs) {
        case (let mine?, let theirs?):
            if mine == theirs { return isNamedBefore(other) }
            return isDescending ? mine > theirs : mine < theirs
        case (.some, nil): return true
        case (nil, .some): return false
        case (nil, nil): return isNamedBefore(other)
        }
    }

    /// NaN is in no order.
    private func finite(_ number: Double?) -> Double? {
        number.flatMap { $0.isFinite ? $0 : nil }
    }

    private func isNamedBefore(_ other: TopEntry) -> Bool {
        (id.service, id.worker ?? -1) < (other.id.service, other.id.worker ?? -1)
    }

    // MARK: Cells

    /// What stands in a column, but for the name.
    func text(_ column: TopColumn, columns: Int, symbols: Symbols) -> String {
        switch column {
        case .name: id.name
        case .state: state
        case .pid: pid.map(String.init) ?? (id.worker == nil ? "" : "-")
        case .cpu: cpu.map(Self.decimal) ?? "-"
        case .cpuHistory:
            Sparkline.draw(track.cpu, columns: columns, maximum: Sparkline.cpuScale(track.cpu), symbols: symbols)
        case .memory: size(memory)
        case .memoryHistory:
            Sparkline.draw(
                track.memory, columns: columns, maximum: Sparkline.memoryScale(track.memory, limit: memoryMax),
                symbols: symbols)
        case .restarts: "\(restarts)"
        case .uptime: finite(uptime).map(Self.age) ?? (id.worker == nil ? "" : "-")
        case .tasks: tasks.map { "\($0)" } ?? "-"
        case .memoryMax: memoryMax.map(SizeFormat.format) ?? ""
        case .cpuPressure: pressure?.cpu.map(Self.decimal) ?? ""
        case .memoryPressure: pressure?.memory.map(Self.decimal) ?? ""
        case .ioPressure: pressure?.io.map(Self.decimal) ?? ""
        case .read: id.worker == nil ? "" : size(track.read)
        case .written: id.worker == nil ? "" : size(track.written)
        case .lastExit: lastExit ?? ""
        }
    }

    /// How a cell looks.
    func style(_ column: TopColumn) -> TextStyle {
        switch column {
        case .state: id.worker == nil ? TextStyle(colour: isHealthy ? nil : .red, isBold: true) : .of(state: state)
        case .name: id.worker == nil ? .bold : .plain
        case .memory: TextStyle(colour: memoryColour, isBold: id.worker == nil)
        case .cpuHistory, .memoryHistory: TextStyle(colour: .cyan)
        case .pid, .cpu, .restarts, .uptime, .tasks, .memoryMax, .cpuPressure, .memoryPressure, .ioPressure, .read,
            .written, .lastExit:
            TextStyle(isBold: id.worker == nil)
        }
    }

    /// A warning when a worker is near its wall.
    private var memoryColour: TextStyle.Colour? {
        guard let memory, let memoryMax, memoryMax > 0 else { return nil }
        let share = memory / Double(memoryMax)
        return share >= 0.9 ? .red : share >= 0.75 ? .yellow : nil
    }

    private func size(_ bytes: Double?) -> String {
        finite(bytes).map { SizeFormat.format(UInt64(clamping: $0)) } ?? "-"
    }

    private static func age(_ seconds: Double) -> String {
        DurationFormat.uptime(.seconds(min(max(seconds, 0), 1e10)))
    }

    /// To a tenth; from 1000 on, whole.
    static func decimal(_ number: Double) -> String {
        guard number.isFinite else { return "-" }
        let tenths = Int64(min(max(number, 0), 1e9) * 10 + 0.5)
        return tenths >= 10_000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

extension UInt64 {
    /// The nearest number that there is.
    init(clamping number: Double) {
        self = number <= 0 || number.isNaN ? 0 : number >= 9e18 ? 9_000_000_000_000_000_000 : UInt64(number)
    }
}
