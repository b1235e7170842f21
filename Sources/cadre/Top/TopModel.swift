import Cadre

/// `cadre top` without a terminal: snapshots, keys and sizes in, frames out. No clock and no I/O.
struct TopModel {
    /// What the keys are for at the moment.
    enum Mode: Hashable {
        /// To move about.
        case list
        /// To write a filter; what it was before is kept for whoever thinks better of it.
        case filter(before: String)
        /// To leave the help.
        case help
        /// To say whether a command is meant.
        case confirmation(WorkerCommand, of: TopID)
    }

    /// What a key asks of the driver.
    enum Request: Hashable {
        case quit
        /// Give the terminal back and stop, as job control does.
        case suspend
        /// Write the whole screen again.
        case redraw
        /// Fetch a snapshot now, and then at the model's interval.
        case refresh
        /// Give a service or a worker a command.
        case command(WorkerCommand, of: TopID)
    }

    /// The steps of ``interval`` that keys go through.
    static let intervals: [Duration] = [
        .milliseconds(500), .seconds(1), .seconds(2), .seconds(5), .seconds(10), .seconds(30), .seconds(60),
    ]

    private(set) var snapshot: Snapshot?
    private(set) var history = TopHistory()
    /// Why there is nothing new; nil if there is.
    var problem: String?
    /// What became of a command, until the next key.
    var note: String?
    var size: TerminalSize {
        didSet { scroll() }
    }
    let symbols: Symbols
    /// How long to wait between snapshots.
    var interval: Duration
    var isPaused = false
    var sort: TopColumn
    var isDescending: Bool
    /// Whether workers stand below their service, rather than all together.
    var isGrouped = true
    /// The services whose workers aren't shown.
    var folded: Set<String> = []
    var filter = ""
    var mode = Mode.list
    /// The row that is selected, and where it is, for when it vanishes. At first there is none: what is shown then
    /// stays at the top, whichever row that is.
    var selection: (id: TopID, row: Int)?
    /// The first row that is shown.
    var firstRow = 0
    /// The rows, in their order.
    private(set) var rows: [TopEntry] = []

    init(sort: TopColumn = .cpu, interval: Duration = .seconds(2), size: TerminalSize, symbols: Symbols) {
        self.sort = sort
        isDescending = sort.startsDescending
        self.interval = interval
        self.size = size
        self.symbols = symbols
    }

    // MARK: Input

    /// Takes how things stand at a time (of any clock that isn't set).
    mutating func receive(_ snapshot: Snapshot, at now: Duration) {
        problem = nil
        history.record(snapshot, at: now)
        self.snapshot = snapshot
        arrange()
    }

    // MARK: Rows

    /// Makes the rows anew, after anything has changed that they depend on.
    mutating func arrange() {
        rows = isGrouped ? groupedRows() : sorted(workerRows().flatMap(\.workers))
        if let selection {
            let row = rows.firstIndex { $0.id == selection.id } ?? min(selection.row, rows.count - 1)
            self.selection = row < 0 ? nil : (rows[row].id, row)
        }
        scroll()
    }

    private func groupedRows() -> [TopEntry] {
        let services = workerRows()
        let workers = Dictionary(uniqueKeysWithValues: services.map { ($0.service.id, $0.workers) })
        return sorted(services.map(\.service)).flatMap { service in
            folded.contains(service.id.service) ? [service] : [service] + sorted(workers[service.id] ?? [])
        }
    }

    /// The services with their workers, as far as the filter lets them through.
    private func workerRows() -> [(service: TopEntry, workers: [TopEntry])] {
        let filter = TopFilter(filter)
        return (snapshot?.services ?? []).compactMap { service in
            let row = TopEntry(service, history[TopID(service: service.name, worker: nil)])
            let workers = service.workers.compactMap { worker in
                let id = TopID(service: service.name, worker: worker.number)
                return filter.matches(id) ? TopEntry(service, worker, history[id]) : nil
            }
            return workers.isEmpty && !filter.matches(row.id) ? nil : (row, workers)
        }
    }

    private func sorted(_ rows: [TopEntry]) -> [TopEntry] {
        rows.sorted { $0.precedes($1, by: sort, isDescending: isDescending) }
    }

    /// The selected row.
    var selectedRow: TopEntry? {
        selection.flatMap { rows.indices.contains($0.row) ? rows[$0.row] : nil }
    }

    /// Selects a row, or the nearest that there is.
    mutating func select(row: Int) {
        guard !rows.isEmpty else { return }
        let row = min(max(row, 0), rows.count - 1)
        selection = (rows[row].id, row)
        scroll()
    }

    /// Moves what is shown so that the selection is in it.
    private mutating func scroll() {
        let height = layout.listHeight
        if let row = selection?.row {
            if row < firstRow { firstRow = row }
            if row >= firstRow + height { firstRow = row - height + 1 }
        }
        firstRow = max(0, min(firstRow, rows.count - height))
    }
}
