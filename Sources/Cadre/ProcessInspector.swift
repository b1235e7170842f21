import Reactor
import SystemPackage

/// Reads what `/proc` tells of the processes of one incarnation. What ended meanwhile is left out.
struct ProcessInspector {
    /// How many processes, threads, files and variables are told of.
    static let mostItems = 256
    /// How many bytes of a command line, of an environment, and of a thread's stack.
    static let mostCommandBytes = 16 << 10
    static let mostEnvironmentBytes = 128 << 10
    static let mostStackBytes = 8 << 10

    private let group: String
    private let leaderPID: Int32?
    private var leader: LeaderInspection?
    private var processes = Inspection.Bounded<ProcessInspection>()
    private var threads = Inspection.Bounded<ThreadInspection>()
    /// Why something can't be read, each told once.
    private var problems: [String] = []

    /// - Parameters:
    ///   - group: The cgroup's path below the delegated root: `web/0@17`.
    ///   - leader: The process that counts as the worker.
    init(group: String, leader: Int32?) {
        self.group = group
        leaderPID = leader
    }

    /// Looks at processes, the leader first, as what is left out should rather be another one.
    mutating func inspect(_ pids: [Int32]) {
        let ordered = pids.filter { $0 == leaderPID } + pids.filter { $0 != leaderPID }.sorted()
        for pid in ordered.prefix(Self.mostItems) {
            guard let process = ProcessDirectory.open(pid, in: group), let text = try? process.text("status") else {
                continue
            }
            let status = ProcessStatus(parsing: text)
            processes.items.append(
                ProcessInspection(
                    pid: pid, parent: status.parent, command: command(of: process, status), state: status.state,
                    threads: status.threads, residentBytes: status.residentBytes))
            if pid == leaderPID { leader = describe(process, status) }
            inspectThreads(of: process)
        }
        processes.more = ordered.count - min(ordered.count, Self.mostItems)
    }

    /// Gives away what was found.
    func add(to inspection: inout Inspection) {
        inspection.leader = leader
        inspection.processes = processes
        inspection.threads = threads
        inspection.problems += problems
    }

    private func command(of process: borrowing ProcessDirectory, _ status: ProcessStatus) -> [String] {
        let words = (try? process.strings(in: "cmdline", atMost: Self.mostCommandBytes)) ?? []
        // As ps shows what has no command line: a zombie.
        return words.isEmpty ? ["[\(status.name)]"] : words
    }

    // MARK: The leader

    private mutating func describe(
        _ process: borrowing ProcessDirectory, _ status: ProcessStatus
    ) -> LeaderInspection {
        var leader = LeaderInspection(
            pid: process.pid, user: status.user, group: status.group,
            groups: Array(status.groups.prefix(Self.mostItems)))
        leader.describePrivileges(process, status)
        do throws(SystemCallError) {
            leader.directory = try process.link("cwd")
            leader.executable = try process.link("exe")
            leader.environment = variables(
                try process.strings(in: "environ", atMost: Self.mostEnvironmentBytes))
            leader.files = try files(of: process)
            leader.resourceLimits = LeaderInspection.ResourceLimit.parse(try process.text("limits"))
        } catch {
            note(error, "files, environment and directory of process \(process.pid)")
        }
        return leader
    }

    private func variables(_ lines: [String]) -> Inspection.Bounded<LeaderInspection.Variable> {
        let all = lines.compactMap(LeaderInspection.Variable.init(line:)).sorted { $0.name < $1.name }
        return Inspection.Bounded(
            items: Array(all.prefix(Self.mostItems)), more: all.count - min(all.count, Self.mostItems))
    }

    private func files(
        of process: borrowing ProcessDirectory
    ) throws(SystemCallError) -> Inspection.Bounded<LeaderInspection.OpenFile> {
        let descriptors = try process.numbers(in: "fd")
        var files = Inspection.Bounded<LeaderInspection.OpenFile>(
            more: descriptors.count - min(descriptors.count, Self.mostItems))
        for descriptor in descriptors.prefix(Self.mostItems) {
            // It may be closed by now.
            guard let target = try? process.link("fd/\(descriptor)") else { continue }
            files.items.append(LeaderInspection.OpenFile(descriptor: descriptor, target: target))
        }
        guard files.items.contains(where: { $0.target.hasPrefix("socket:") }) else { return files }
        let sockets = SocketTable(of: process)
        for index in files.items.indices { files.items[index].socket = sockets[files.items[index].target] }
        return files
    }

    // MARK: Threads

    private mutating func inspectThreads(of process: borrowing ProcessDirectory) {
        guard let numbers = try? process.numbers(in: "task") else { return }
        let room = Self.mostItems - threads.items.count
        threads.more += max(0, numbers.count - room)
        for number in numbers.prefix(room) {
            guard let text = try? process.text("task/\(number)/status") else { continue }
            let status = ProcessStatus(parsing: text)
            threads.items.append(
                ThreadInspection(
                    thread: number, process: process.pid, name: status.name, state: String(status.state.prefix(1)),
                    stack: stack(of: process, number), waitChannel: waitChannel(of: process, number),
                    systemCall: systemCallNumber(of: process, number)))
        }
    }

    private mutating func stack(of process: borrowing ProcessDirectory, _ thread: Int32) -> [String] {
        do {
            let text = try process.text("task/\(thread)/stack", atMost: Self.mostStackBytes)
            // [<0>] ep_poll+0x2d4/0x350
            return text.split(separator: "\n").map { line in
                String(line.hasPrefix("[<") ? line.drop { $0 != "]" }.dropFirst(2) : line)
            }
        } catch {
            note(error, "the kernel stacks of threads")
            return []
        }
    }

    private func waitChannel(of process: borrowing ProcessDirectory, _ thread: Int32) -> String? {
        let text = try? process.text("task/\(thread)/wchan")
        return text.flatMap { $0.isEmpty || $0 == "0" ? nil : $0 }
    }

    private func systemCallNumber(of process: borrowing ProcessDirectory, _ thread: Int32) -> Int? {
        // "running", or -1 and more outside of a system call.
        let text = try? process.text("task/\(thread)/syscall")
        return text?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
    }

    // MARK: What can't be read

    private mutating func note(_ error: SystemCallError, _ what: String) {
        let sentence: String
        switch error.errno {
        // It has just ended.
        case .noSuchProcess, .noSuchFileOrDirectory: return
        case .permissionDenied, .notPermitted:
            sentence = "\(what) can't be read: only a supervisor that runs as root may"
        default: sentence = "\(what) can't be read: \(error)"
        }
        if !problems.contains(sentence) { problems.append(sentence) }
    }
}

extension LeaderInspection.Variable {
    private static let secrets = [
        "SECRET", "TOKEN", "PASS", "PWD", "KEY", "CREDENTIAL", "AUTH", "PRIVATE", "COOKIE", "SALT", "DSN",
    ]
    /// Names that look as if, and are known.
    private static let harmless: Set<String> = [
        "PWD", "OLDPWD", "CREDENTIALS_DIRECTORY", "SSH_AUTH_SOCK", "XAUTHORITY",
    ]

    /// A variable as it stands in the environment; nil for what has no `=`.
    init?(line: String) {
        guard let equals = line.firstIndex(of: "=") else { return nil }
        name = String(line[..<equals])
        let upper = name.uppercased()
        let text = String(line[line.index(after: equals)...])
        let isSecret =
            Self.secrets.contains { upper.contains($0) } && !Self.harmless.contains(name) || Self.hasPassword(text)
        value = isSecret ? nil : text
    }

    /// Whether there is a URL with a user, and thus perhaps a password, in front of the host.
    private static func hasPassword(_ text: String) -> Bool {
        guard let scheme = text.firstRange(of: "://") else { return false }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return authority.contains("@")
    }
}
