import Cadre
import Specification
import Systemd

/// How `cadre top` looks.
extension TopModel {
    /// How the screen is divided.
    struct Layout {
        /// The lines above the rows: on a low terminal only the columns' titles.
        let hasSummary: Bool
        /// The lines below the rows that tell about the selected one.
        let hasDetails: Bool
        /// How many rows there is room for.
        let listHeight: Int
        let columns: [(column: TopColumn, width: Int)]
    }

    var layout: Layout {
        let hasSummary = size.rows >= 8
        let hasDetails = size.rows >= 12
        let names = rows.map { SafeText.columns(of: $0.id.name) + 2 }.max() ?? 0
        return Layout(
            hasSummary: hasSummary, hasDetails: hasDetails,
            listHeight: max(1, size.rows - 2 - (hasSummary ? 2 : 0) - (hasDetails ? 2 : 0)),
            columns: TopColumn.layout(width: size.columns, names: names))
    }

    /// What the screen shows: at most as many lines as it has, none wider than it is.
    func frame() -> [StyledLine] {
        let layout = layout
        var lines = layout.hasSummary ? summaryLines() : []
        var list: [StyledLine] = []
        switch mode {
        case .help: list = helpLines()
        case .list, .filter, .confirmation:
            lines.append(titles(layout))
            for (number, row) in rows.enumerated().dropFirst(firstRow).prefix(layout.listHeight) {
                let line = line(of: row, layout)
                list.append(number == selection?.row ? line.reversed : line)
            }
            if rows.isEmpty, snapshot != nil { list = [StyledLine("Nothing matches.", .dim)] }
        }
        lines += list
        let footer = (layout.hasDetails ? detailLines() : []) + [lastLine()]
        while lines.count < size.rows - footer.count { lines.append(StyledLine()) }
        lines = Array(lines.prefix(max(0, size.rows - footer.count)) + footer.suffix(size.rows))
        for index in lines.indices { lines[index].truncate(to: size.columns) }
        return lines
    }

    /// All rows at once, for where nobody can scroll.
    func report() -> [StyledLine] {
        let layout = layout
        var lines = summaryLines() + [titles(layout, isReversed: false)] + rows.map { line(of: $0, layout) }
        for index in lines.indices { lines[index].truncate(to: size.columns) }
        return lines
    }

    // MARK: Above

    private func summaryLines() -> [StyledLine] {
        var right = "every \(Self.text(of: interval))"
        if isPaused { right = "paused" }
        if !filter.isEmpty { right = "only \(filter)  \(right)" }
        var first = StyledLine("cadre top", .bold)
        first.append("  \(snapshot?.summary ?? "")")
        // What is set must be seen, even where there's no room for all.
        first.truncate(to: size.columns - SafeText.columns(of: SafeText.clean(right)) - 2)
        first.pad(to: size.columns - SafeText.columns(of: SafeText.clean(right)))
        first.append(right, isPaused ? TextStyle(colour: .yellow) : .dim)

        let total = history.total
        let cpu = (total.cpu.last ?? nil).map { "\(TopEntry.decimal($0))%" } ?? "-"
        let memory = (total.memory.last ?? nil).map { SizeFormat.format(UInt64(clamping: $0)) } ?? "-"
        let restarts = snapshot?.services.reduce(0) { $0 + $1.workers.reduce(0) { $0 + $1.restarts } } ?? 0
        let sparkColumns = min(20, max(0, (size.columns - 50) / 2))
        var second = StyledLine("CPU ", .dim)
        second.append(cell: cpu, .bold, columns: 7, isRight: true, symbols: symbols)
        second.append(" ")
        second.append(spark(total.cpu, sparkColumns, Sparkline.cpuScale(total.cpu)), TextStyle(colour: .cyan))
        second.append("  MEM ", .dim)
        second.append(cell: memory, .bold, columns: 5, isRight: true, symbols: symbols)
        second.append(" ")
        second.append(
            spark(total.memory, sparkColumns, Sparkline.memoryScale(total.memory, limit: nil)),
            TextStyle(colour: .cyan))
        second.append("  RESTARTS ", .dim)
        second.append("\(restarts)", .bold)
        return [first, second]
    }

    private func spark(_ values: [Double?], _ columns: Int, _ maximum: Double) -> String {
        Sparkline.draw(values, columns: columns, maximum: maximum, symbols: symbols)
    }

    private func titles(_ layout: Layout, isReversed: Bool = true) -> StyledLine {
        var line = StyledLine()
        for (column, width) in layout.columns {
            if line.columns > 0 { line.append(" ", TextStyle(isReversed: isReversed)) }
            let mark = isDescending ? symbols.descending : symbols.ascending
            let title = column == sort ? mark + column.title : column.title
            line.append(
                cell: title, TextStyle(isBold: column == sort, isReversed: isReversed), columns: width,
                isRight: column.isRight, symbols: symbols)
        }
        if isReversed { line.pad(to: size.columns, TextStyle(isReversed: true)) }
        return line
    }

    // MARK: Rows

    private func line(of row: TopEntry, _ layout: Layout) -> StyledLine {
        var line = StyledLine()
        for (column, width) in layout.columns {
            if line.columns > 0 { line.append(" ") }
            let text =
                column == .name ? name(of: row) : row.text(column, columns: width, symbols: symbols)
            line.append(cell: text, row.style(column), columns: width, isRight: column.isRight, symbols: symbols)
        }
        return line
    }

    private func name(of row: TopEntry) -> String {
        if !isGrouped { return row.id.name }
        if row.id.worker != nil { return "  \(row.id.name)" }
        return "\(folded.contains(row.id.service) ? symbols.folded : symbols.unfolded) \(row.id.name)"
    }

    // MARK: Below

    /// What there is no column for.
    private func detailLines() -> [StyledLine] {
        guard let row = selectedRow else {
            return [StyledLine("Up and Down select a row and tell more of it.", .dim), StyledLine()]
        }
        var first = StyledLine(row.id.name, .bold)
        var second = StyledLine()
        if row.id.worker == nil {
            first.append("  \(row.state) ready")
            return [first, second]
        }
        first.append("  \(row.state)", .of(state: row.state))
        if let incarnation = row.incarnation { first.append("  incarnation \(incarnation)", .dim) }
        if let statusText = row.statusText { first.append("  \(statusText)") }
        func tell(_ label: String, _ value: String?) {
            guard let value else { return }
            if second.columns > 0 { second.append("  ") }
            second.append("\(label) ", .dim)
            second.append(value)
        }
        tell("last exit", row.lastExit)
        tell("memory.max", row.memoryMax.map(SizeFormat.format))
        tell("memory.peak", row.memoryPeak.map(SizeFormat.format))
        tell("cgroup", row.controlGroup)
        return [first, second]
    }

    private func lastLine() -> StyledLine {
        if case .confirmation(let command, let id) = mode {
            let extent = id.worker == nil ? "all of \(id.name)" : id.name
            return StyledLine("\(command) \(extent)? y: yes  any other key: no", .bold)
        }
        if let note { return StyledLine(note, .bold) }
        if let problem {
            let (style, end) = (TextStyle(colour: .red), " \(symbols.ellipsis) trying again")
            var line = StyledLine(problem, style)
            line.truncate(to: size.columns - SafeText.columns(of: end))
            line.append(end, style)
            return line
        }
        switch mode {
        case .help: return StyledLine("any key: back", .dim)
        case .filter:
            var line = StyledLine("show only: ", .bold)
            line.append(filter)
            line.append(" ", TextStyle(isReversed: true))
            if let problem = TopFilter(filter).problem {
                line.append("  \(problem)", TextStyle(colour: .red))
            } else {
                line.append("  Enter: keep  Esc: leave", .dim)
            }
            return line
        case .list, .confirmation:
            return StyledLine("? help  / filter  < > sort  r reverse  Space fold  p pause  q quit", .dim)
        }
    }

    private func helpLines() -> [StyledLine] {
        Self.help.map { entry in
            var line = StyledLine()
            line.append(cell: entry.keys, .bold, columns: 20, symbols: symbols)
            line.append(entry.meaning)
            return line
        }
    }

    /// As in `500ms` or `2s`.
    static func text(of interval: Duration) -> String {
        let (seconds, attoseconds) = interval.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "\(seconds)s" }
        return seconds == 0 ? "\(milliseconds)ms" : "\(seconds * 1000 + milliseconds)ms"
    }
}
