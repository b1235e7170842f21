import Cadre
import ControlGroups
import Specification
import Systemd

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
        var rows = Rows()
        rows.add("waits for", worker.waitingFor)
        rows.add("pid", worker.pid.map(String.init))
        rows.add("incarnation", worker.incarnation.map(String.init))
        rows.add("specification", worker.digest)
        rows.add("uptime", worker.uptimeSeconds.map { DurationFormat.uptime(.seconds($0)) })
        rows.add("restarts", "\(worker.restarts)\(Self.reasons(worker.restartsByReason))")
        rows.add("last probe", worker.probe.map(Self.phrase))
        rows.add("last exit", worker.lastExit.map(StatusTable.lastExit))
        rows.add("command", inspection.command.map(Self.quoted).joined(separator: " "))
        rows.add("executable", leader?.executable)
        rows.add("directory", leader?.directory)
        rows.add("credentials", leader?.user == nil ? nil : credentials)
        if let leader { rows.addPrivileges(of: leader) }
        rows.add(
            "passed credentials", inspection.credentials.isEmpty ? nil : inspection.credentials.joined(separator: " "))
        rows.add("log", inspection.log)
        for socket in inspection.sockets { rows.add("socket", Self.line(of: socket)) }
        rows.add("port", inspection.port.map(String.init))
        table(rows)
        if let sandbox = inspection.sandbox { describe(sandbox) }
    }

    /// `health passed`, `health failed (2 in a row): …`.
    private static func phrase(_ probe: ProbeSnapshot) -> String {
        if probe.passed { return "\(probe.kind) passed" }
        let row = probe.failures > 1 ? " (\(probe.failures) in a row)" : ""
        return "\(probe.kind) failed\(row)\(probe.problem.map { ": \($0)" } ?? "")"
    }

    private static func line(of socket: PassedSocket) -> String {
        var parts = ["\(socket.name)  \(socket.address)"]
        if let type = socket.type, type != "stream" { parts.append(type) }
        if socket.isOwn { parts.append("its own") }
        if socket.isStandardInput { parts.append("as descriptor 0") }
        return parts.joined(separator: ", ")
    }

    private mutating func describe(_ sandbox: SandboxInspection) {
        section("Sandbox")
        for wall in sandbox.walls { wrapped(wall) }
        for wall in sandbox.omitted { wrapped("left out: \(wall)") }
    }

    private mutating func describe(_ group: ControlGroupInspection) {
        section("Cgroup")
        var rows = Rows()
        rows.add("path", group.path)
        rows.add("frozen", group.isFrozen ? "yes" : group.isFreezing ? "not all of it yet" : nil)
        for limit in group.limits where limit.kernel != nil || limit.specified != nil {
            var text = limit.kernel ?? "not there: the controller is missing"
            if let specified = limit.specified, specified != limit.kernel { text += "  (specified: \(specified))" }
            rows.add(limit.file, text)
        }
        if let statistics = group.statistics { rows.add(statistics) }
        table(rows)
    }

    private mutating func describe(_ usage: Usage) {
        section("Used and met with, past incarnations included")
        let user = Self.time(usage.userMicroseconds)
        let system = Self.time(usage.systemMicroseconds)
        var rows = Rows()
        rows.add("cpu", "\(Self.time(usage.cpuMicroseconds)) (user \(user), system \(system))")
        if usage.throttledPeriods > 0 {
            rows.add("throttled", "\(Self.time(usage.throttledMicroseconds)) in \(usage.throttledPeriods) periods")
        }
        if usage.reads > 0 {
            rows.add("read", "\(SizeFormat.format(usage.readBytes)) in \(usage.reads) operations")
        }
        if usage.writes > 0 {
            rows.add("written", "\(SizeFormat.format(usage.writtenBytes)) in \(usage.writes) operations")
        }
        if usage.memoryHigh > 0 { rows.add("memory.high", "touched \(usage.memoryHigh) times") }
        if usage.memoryMax > 0 { rows.add("memory.max", "reached \(usage.memoryMax) times") }
        if usage.outOfMemoryKills > 0 { rows.add("oom kills", "\(usage.outOfMemoryKills)") }
        if usage.taskLimitHits > 0 { rows.add("pids.max", "reached \(usage.taskLimitHits) times") }
        table(rows)
    }

    private mutating func describe(_ leader: LeaderInspection) {
        if !leader.environment.items.isEmpty { section("Environment") }
        for variable in leader.environment.items {
            wrapped("\(variable.name)=\(variable.value ?? "(not shown)")")
        }
        more(leader.environment.more)
        if !leader.files.items.isEmpty { section("Open files") }
        var files = Rows()
        for file in leader.files.items {
            files.add("\(file.descriptor)", file.socket.map { "\(file.target)  \($0)" } ?? file.target)
        }
        table(files)
        more(leader.files.more)
        if !leader.resourceLimits.isEmpty { section("Resource limits (soft, hard)") }
        var limits = Rows()
        for limit in leader.resourceLimits {
            let hard = limit.soft == limit.hard ? "" : ", \(limit.hard)"
            limits.add(limit.name, "\(limit.soft)\(hard)\(limit.unit.map { " \($0)" } ?? "")")
        }
        table(limits)
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

    /// Names and values below each other.
    private mutating func table(_ table: Rows) {
        let rows = table.rows
        let nameWidth = rows.map { SafeText.columns(of: $0.name) }.max() ?? 0
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
            var part = SafeText.prefix(of: rest, columns: room)
            // Behind a word, if there is one that ends far enough to the right.
            if part.utf8.count < rest.utf8.count, let space = part.lastIndex(of: " "),
                part.distance(from: space, to: part.endIndex) < room / 2
            {
                part = String(part[...space])
            }
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

    private static func time(_ microseconds: UInt64) -> String {
        DurationFormat.cpuTime(.microseconds(Double(microseconds)))
    }

    private static func reasons(_ counts: [String: Int]) -> String {
        if counts.isEmpty { return "" }
        return " (\(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")))"
    }
}

/// Names and values.
private struct Rows {
    private(set) var rows: [(name: String, value: String)] = []

    /// Adds a row, unless it has no value.
    mutating func add(_ name: String, _ value: String?) {
        if let value { rows.append((name, value)) }
    }

    /// Adds what a process may do, and where it differs from what is usual how it shares the machine.
    mutating func addPrivileges(of leader: LeaderInspection) {
        func text(_ capabilities: [String]) -> String {
            capabilities.isEmpty ? "none" : capabilities.joined(separator: " ")
        }
        add("capabilities", leader.capabilities.map(text))
        add("bounding set", leader.capabilityBounds == leader.capabilities ? nil : leader.capabilityBounds.map(text))
        add("no_new_privs", leader.noNewPrivileges.map { $0 ? "yes" : "no" })
        add("umask", leader.fileCreationMask)
        add("processors", leader.processors)
        if leader.schedulingPolicy != "other" {
            let priority = leader.schedulingPriority.map { " \($0)" } ?? ""
            add("scheduling", leader.schedulingPolicy.map { $0 + priority })
        }
        add("nice", leader.niceness.flatMap { $0 == 0 ? nil : "\($0)" })
        add("io scheduling", leader.ioScheduling)
        add("oom_score_adj", leader.outOfMemoryScore.flatMap { $0 == 0 ? nil : "\($0)" })
    }

    /// Adds what a cgroup holds and how long it had to wait.
    mutating func add(_ statistics: Statistics) {
        if let memory = statistics.memory {
            add("memory", SizeFormat.format(memory.current))
            add("memory peak", memory.peak.map { SizeFormat.format($0) })
            add("anonymous", SizeFormat.format(memory.composition.anonymous))
            add("page cache", SizeFormat.format(memory.composition.file))
            add("swap", memory.swapCurrent.map { SizeFormat.format($0) })
        }
        add("tasks", statistics.tasks.map { "\($0.current)" })
        add("cpu pressure", statistics.cpuPressure.map(Self.share))
        add("memory pressure", statistics.memoryPressure.map(Self.share))
        add("io pressure", statistics.ioPressure.map(Self.share))
    }

    private static func share(_ pressure: PressureStatistics) -> String {
        "\(pressure.some.average10) % of the last 10 s"
    }
}
