import Cadre
import ControlGroups
import Specification

/// An inspection as people read it: sections of 80 columns, in which long texts go on in the next line.
struct InspectionText {
    private static let width = 80
    private static let indent = "  "
    private var lines: [StyledLine] = []

    /// The lines; nothing in them is more than what it looks like, whatever the worker wrote.
    static func lines(of inspection: Inspection) -> [StyledLine] {
        var text = InspectionText()
        text.describe(inspection)
        return text.lines
    }

    private mutating func describe(_ inspection: Inspection) {
        describeWorker(inspection)
        if let group = inspection.controlGroup { describe(group) }
        describe(inspection.usage)
        if let leader = inspection.leader { describe(leader) }
        describeProcesses(inspection)
        describeThreads(inspection)
        describeEnds(inspection.incarnations)
        if let answer = inspection.introspection { describe(answer) }
        if !inspection.problems.isEmpty {
            section("Not known")
            for problem in inspection.problems { wrapped(problem) }
        }
    }

    // MARK: Sections

    private mutating func describeWorker(_ inspection: Inspection) {
        let worker = inspection.worker
        var title = StyledLine("\(inspection.service)/\(worker.number)", .bold)
        title.append("  ")
        title.append(worker.state, .of(state: worker.state))
        if let status = worker.statusText { title.append("  \(status)") }
        lines.append(title)
        let leader = inspection.leader
        var credentials = leader?.user.map { "user \($0)" } ?? ""
        if let group = leader?.group { credentials += ", group \(group)" }
        if let groups = leader?.groups, !groups.isEmpty {
            credentials += ", also in \(groups.map(String.init).joined(separator: " "))"
        }
        table([
            ("pid", worker.pid.map(String.init)), ("incarnation", worker.incarnation.map(String.init)),
            ("uptime", worker.uptimeSeconds.map { DurationFormat.uptime(.seconds($0)) }),
            ("restarts", "\(worker.restarts)\(Self.reasons(worker.restartsByReason))"),
            ("last exit", worker.lastExit.map(StatusTable.lastExit)),
            ("command", inspection.command.map(Self.quoted).joined(separator: " ")),
            ("executable", leader?.executable), ("directory", leader?.directory),
            ("credentials", leader?.user == nil ? nil : credentials), ("log", inspection.log),
        ])
    }

    private mutating func describe(_ group: ControlGroupInspection) {
        section("Cgroup")
        table([
            ("path", group.path),
            ("frozen", group.isFrozen ? "yes" : group.isFreezing ? "not all of it yet" : nil),
        ])
        table(
            group.limits.filter { $0.kernel != nil || $0.specified != nil }.map { limit in
                let kernel = limit.kernel ?? "not there: the controller is missing"
                let differs = limit.specified.map { $0 != limit.kernel } ?? false
                return (limit.file, kernel + (differs ? "  (specified: \(limit.specified ?? ""))" : ""))
            })
        guard let statistics = group.statistics else { return }
        func size(_ bytes: UInt64?) -> String? { bytes.map { SizeFormat.format($0) } }
        func pressure(_ statistics: PressureStatistics?) -> String? {
            statistics.map { "\($0.some.average10) % of the last 10 s" }
        }
        let memory = statistics.memory
        table([
            ("memory", size(memory?.current)),
            ("memory peak", size(memory?.peak)),
            ("anonymous", size(memory?.composition.anonymous)),
            ("page cache", size(memory?.composition.file)),
            ("swap", size(memory?.swapCurrent)),
            ("tasks", statistics.tasks.map { "\($0.current)" }),
            ("cpu pressure", pressure(statistics.cpuPressure)),
            ("memory pressure", pressure(statistics.memoryPressure)),
            ("io pressure", pressure(statistics.ioPressure)),
        ])
    }

    private mutating func describe(_ usage: Usage) {
        section("Used and met with, past incarnations included")
        let time = { (microseconds: UInt64) in DurationFormat.cpuTime(.microseconds(Double(microseconds))) }
        let nonzero = { (count: UInt64, text: String) in count == 0 ? nil : text }
        table([
            (
                "cpu",
                "\(time(usage.cpuMicroseconds)) (user \(time(usage.userMicroseconds)), "
                    + "system \(time(usage.systemMicroseconds)))"
            ),
            (
                "throttled",
                nonzero(
                    usage.throttledPeriods,
                    "\(time(usage.throttledMicroseconds)) in \(usage.throttledPeriods) periods")
            ),
            (
                "read",
                nonzero(usage.reads, "\(SizeFormat.format(usage.readBytes)) in \(usage.reads) operations")
            ),
            (
                "written",
                nonzero(usage.writes, "\(SizeFormat.format(usage.writtenBytes)) in \(usage.writes) operations")
            ),
            ("memory.high", nonzero(usage.memoryHigh, "touched \(usage.memoryHigh) times")),
            ("memory.max", nonzero(usage.memoryMax, "reached \(usage.memoryMax) times")),
            ("oom kills", nonzero(usage.outOfMemoryKills, "\(usage.outOfMemoryKills)")),
            ("pids.max", nonzero(usage.taskLimitHits, "reached \(usage.taskLimitHits) times")),
        ])
    }

    private mutating func describe(_ leader: LeaderInspection) {
        if !leader.environment.items.isEmpty { section("Environment") }
        for variable in leader.environment.items {
            wrapped("\(variable.name)=\(variable.value ?? "(not shown)")")
        }
        more(leader.environment.more)
        if !leader.files.items.isEmpty { section("Open files") }
        table(
            leader.files.items.map { file in
                ("\(file.descriptor)", file.socket.map { "\(file.target)  \($0)" } ?? file.target)
            })
        more(leader.files.more)
        if !leader.resourceLimits.isEmpty { section("Resource limits (soft, hard)") }
        table(
            leader.resourceLimits.map { limit in
                let unit = limit.unit.map { " \($0)" } ?? ""
                return (limit.name, limit.soft + (limit.soft == limit.hard ? "" : ", \(limit.hard)") + unit)
            })
    }

    private mutating func describeProcesses(_ inspection: Inspection) {
        guard !inspection.processes.items.isEmpty else { return }
        section("Processes")
        columns(
            ["PID", "PARENT", "THREADS", "MEMORY", "STATE", "COMMAND"],
            inspection.processes.items.map { process in
                [
                    "\(process.pid)", "\(process.parent)", "\(process.threads)",
                    SizeFormat.format(process.residentBytes), process.state,
                    process.command.map(Self.quoted).joined(separator: " "),
                ]
            })
        more(inspection.processes.more)
    }

    private mutating func describeThreads(_ inspection: Inspection) {
        guard !inspection.threads.items.isEmpty else { return }
        section("Threads")
        for thread in inspection.threads.items {
            var place: [String] = []
            if let call = thread.systemCall { place.append("system call \(call)") }
            if let channel = thread.waitChannel { place.append("waits in \(channel)") }
            let suffix = place.isEmpty ? "" : "  \(place.joined(separator: ", "))"
            wrapped("\(thread.thread) \(thread.name)  \(thread.state)\(suffix)")
            for function in thread.stack { wrapped(function, indent: Self.indent + Self.indent) }
        }
        more(inspection.threads.more)
    }

    private mutating func describeEnds(_ incarnations: [IncarnationRecord]) {
        let past = incarnations.filter { $0.exit != nil }
        guard !past.isEmpty else { return }
        section("Last ends")
        columns(
            ["INCARNATION", "PID", "RAN", "CPU", "END"],
            past.map { record in
                [
                    "\(record.number)", record.pid.map(String.init) ?? "-",
                    record.goneAt.map { DurationFormat.uptime(.seconds(max(0, $0 - record.startedAt))) } ?? "-",
                    record.cpuSeconds.map { DurationFormat.cpuTime(.microseconds(($0 * 1e6).rounded())) } ?? "-",
                    record.exit.map(StatusTable.lastExit) ?? "-",
                ]
            })
    }

    private mutating func describe(_ answer: IntrospectionAnswer) {
        section("What it says at \(answer.url)")
        if let status = answer.status {
            wrapped("status \(status)\(answer.contentType.map { ", \($0)" } ?? "")")
        }
        if let text = answer.text, !text.isEmpty {
            let end = text.hasSuffix("\n") ? text.index(before: text.endIndex) : text.endIndex
            for line in text[..<end].split(separator: "\n", omittingEmptySubsequences: false) { wrapped(String(line)) }
        }
        if answer.isCut { wrapped("(there is more)") }
        if let problem = answer.problem { wrapped(problem) }
        if answer.status == nil, answer.problem == nil { wrapped("not asked, as it doesn't run") }
    }

    // MARK: Layout

    private mutating func section(_ title: String) {
        lines.append(StyledLine())
        lines.append(StyledLine(title, .bold))
    }

    private mutating func more(_ count: Int) {
        if count > 0 { wrapped("and \(count) more") }
    }

    /// Names and values; what has no value is left out.
    private mutating func table(_ rows: [(String, String?)]) {
        let rows = rows.compactMap { name, value in value.map { (name, $0) } }
        let nameWidth = rows.map { SafeText.columns(of: $0.0) }.max() ?? 0
        for (name, value) in rows {
            let padding = String(repeating: " ", count: nameWidth - SafeText.columns(of: name))
            wrapped(
                value, first: "\(Self.indent)\(name)\(padding)  ",
                indent: String(repeating: " ", count: nameWidth + 2 * Self.indent.count))
        }
    }

    /// A table, whose last column may go on in the next line.
    private mutating func columns(_ header: [String], _ rows: [[String]]) {
        let all = [header] + rows
        let widths = header.indices.dropLast().map { column in
            all.map { SafeText.columns(of: SafeText.clean($0[column])) }.max() ?? 0
        }
        let indent = String(repeating: " ", count: widths.reduce(Self.indent.count) { $0 + $1 + 2 })
        for row in all {
            var first = Self.indent
            for (column, width) in widths.enumerated() {
                let text = SafeText.clean(row[column])
                first += text + String(repeating: " ", count: width - SafeText.columns(of: text) + 2)
            }
            wrapped(row[row.count - 1], first: first, indent: indent)
        }
    }

    private mutating func wrapped(_ text: String, indent: String = indent) {
        wrapped(text, first: indent, indent: indent)
    }

    private mutating func wrapped(_ text: String, first: String, indent: String) {
        var rest = SafeText.clean(text)
        var beginning = first
        repeat {
            let room = max(20, Self.width - SafeText.columns(of: beginning))
            let part = SafeText.prefix(of: rest, columns: room)
            lines.append(StyledLine(beginning + part))
            rest = String(rest.unicodeScalars.dropFirst(part.unicodeScalars.count))
            beginning = indent
        } while !rest.isEmpty
    }

    /// A word of a command line, as a shell would want it.
    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || "0123456789-_=+./:,@%".unicodeScalars.contains($0)
            }
        return isPlain
            ? word : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#))'"
    }

    private static func reasons(_ counts: [String: Int]) -> String {
        if counts.isEmpty { return "" }
        return " (\(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")))"
    }
}
