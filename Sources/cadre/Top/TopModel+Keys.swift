import Cadre

/// What the keys of `cadre top` do.
extension TopModel {
    /// What the help shows.
    static let help: [(keys: String, meaning: String)] = [
        ("Up Down k j", "select the row above or below"),
        ("PgUp PgDn Home End", "select a page away, the first, the last"),
        ("Esc", "select nothing"),
        ("Left Right Space", "fold and unfold the workers of a service, or of all"),
        ("< > s", "sort by the column to the left, to the right, by the next"),
        ("r", "reverse the order"),
        ("g", "group workers by service, or show them all together"),
        ("/", "show only names with these letters, or like web/[0-3]"),
        ("x t u", "restart, stop or start what is selected, if you then say y"),
        ("+ -", "refresh less often, or more often"),
        ("p", "pause"),
        ("Ctrl-L", "draw everything again"),
        ("Ctrl-Z", "suspend"),
        ("q Ctrl-C", "quit"),
    ]

    /// The commands that keys give.
    private static let commands: [Character: WorkerCommand] = ["x": .restart, "t": .stop, "u": .start]

    /// Takes a key.
    mutating func press(_ key: Key) -> Request? {
        note = nil
        switch key {
        // These work wherever one is.
        case .control("c"): return .quit
        case .control("z"): return .suspend
        case .control("l"): return .redraw
        default: break
        }
        switch mode {
        case .list: return pressInList(key)
        case .filter(let before):
            pressInFilter(key, before: before)
            return nil
        case .help:
            mode = .list
            return nil
        case .confirmation(let command, let id):
            mode = .list
            return key == .character("y") ? .command(command, of: id) : nil
        }
    }

    private mutating func pressInList(_ key: Key) -> Request? {
        switch key {
        case .up, .character("k"): select(row: selection.map { $0.row - 1 } ?? firstRow)
        case .down, .character("j"): select(row: selection.map { $0.row + 1 } ?? firstRow)
        case .pageUp, .control("b"): select(row: (selection?.row ?? firstRow) - layout.listHeight)
        case .pageDown, .control("f"): select(row: (selection?.row ?? firstRow) + layout.listHeight)
        case .home: select(row: 0)
        case .end: select(row: rows.count - 1)
        case .left: fold(true)
        case .right: fold(false)
        case .character(" "): fold(selectedRow.map { !folded.contains($0.id.service) } ?? folded.isEmpty)
        case .character("<"): changeSort(by: -1)
        case .character(">"), .character("s"): changeSort(by: 1)
        case .character("r"):
            isDescending.toggle()
            arrange()
        case .character("g"):
            isGrouped.toggle()
            arrange()
        case .character("/"): mode = .filter(before: filter)
        case .escape where !filter.isEmpty:
            filter = ""
            arrange()
        case .escape: selection = nil
        case .character("+"), .character("="): return changeInterval(by: 1)
        case .character("-"): return changeInterval(by: -1)
        case .character("p"):
            isPaused.toggle()
            return isPaused ? nil : .refresh
        case .character("?"), .character("h"): mode = .help
        case .character("q"): return .quit
        case .character(let character):
            guard let command = Self.commands[character] else { break }
            if let id = selection?.id {
                mode = .confirmation(command, of: id)
            } else {
                note = "Select a service or a worker first."
            }
        case .control, .enter, .backspace: break
        }
        return nil
    }

    private mutating func pressInFilter(_ key: Key, before: String) {
        switch key {
        case .enter: mode = .list
        case .escape:
            filter = before
            mode = .list
        case .backspace where filter.isEmpty: mode = .list
        case .backspace: filter.removeLast()
        case .control("u"): filter = ""
        case .character(let character): filter.append(character)
        case .up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .control: break
        }
        arrange()
    }

    /// Folds or unfolds the service that is selected, or that of the worker that is, or all.
    private mutating func fold(_ isFolded: Bool) {
        guard isGrouped else { return }
        let services = selection.map { [$0.id.service] } ?? snapshot?.services.map(\.name) ?? []
        if isFolded {
            folded.formUnion(services)
            // The worker's row is gone now.
            if let service = selection?.id.service { selection?.id = TopID(service: service, worker: nil) }
        } else {
            folded.subtract(services)
        }
        arrange()
    }

    /// Sorts by another of the columns that are shown.
    private mutating func changeSort(by step: Int) {
        let columns = layout.columns.map(\.column).filter(\.isSortable)
        let index = columns.firstIndex(of: sort).map { ($0 + step + columns.count) % columns.count } ?? 0
        sort = columns[index]
        isDescending = sort.startsDescending
        arrange()
    }

    private mutating func changeInterval(by step: Int) -> Request? {
        let next = step > 0 ? Self.intervals.first { $0 > interval } : Self.intervals.last { $0 < interval }
        guard let next else { return nil }
        interval = next
        return isPaused ? nil : .refresh
    }
}
