import CLinux
public import Reactor
import SystemPackage

// The processes in a cgroup.
extension ControlGroup {
    /// Moves the calling process, all its threads, here.
    public func moveSelf() throws(SystemCallError) {
        try write("cgroup.procs", "0")
    }

    /// Moves a process, all its threads, here.
    public func move(_ process: Int32) throws(SystemCallError) {
        try write("cgroup.procs", "\(process)")
    }

    /// Whether processes live here or anywhere below; zombies don't count.
    public func isPopulated() throws(SystemCallError) -> Bool {
        try events().populated
    }

    /// The processes in this cgroup, or in it and all below; none that another pid namespace hides.
    public func processes(recursive: Bool = false) throws(SystemCallError) -> [Int32] {
        guard recursive else { return try members() }
        var processes: [Int32] = []
        try walk { group throws(SystemCallError) in
            processes += try group.members()
        } leave: { _, _ in
        }
        return processes
    }

    /// Kills every process in here and below with SIGKILL, at once and without a gap for forks (`cgroup.kill`).
    ///
    /// - Throws: `.killUnsupported` if the kernel lacks it; it is not imitated.
    public func kill() throws(ControlGroupError) {
        do {
            try write("cgroup.kill", "1")
        } catch {
            throw error.errno == .noSuchFileOrDirectory ? .killUnsupported(path: path) : .system(error)
        }
    }

    /// Freezes all processes here and below, or lets them go on (`cgroup.freeze`). ``events()`` says when all are frozen.
    public func setFrozen(_ isFrozen: Bool) throws(SystemCallError) {
        try write("cgroup.freeze", isFrozen ? "1" : "0")
    }

    /// Sends a signal to every process here and below, once; one that is forked meanwhile may be missed.
    ///
    /// No process that isn't a member is ever hit, even if a member ends and its number is given away at once: a pidfd
    /// is opened first, and only if the number is *then* still among the members does the pidfd stand for a member.
    ///
    /// - Parameters:
    ///   - signal: the signal's number.
    ///   - exception: a process that is left out.
    /// - Returns: how many processes got it.
    @discardableResult
    public func signalAll(_ signal: Int32, but exception: Int32? = nil) throws(SystemCallError) -> Int {
        var count = 0
        try walk { group throws(SystemCallError) in
            var rest = try group.members().filter { $0 != exception }[...]
            while !rest.isEmpty {
                count += try group.signal(rest.prefix(64), signal)
                rest = rest.dropFirst(64)
            }
        } leave: { _, _ in
        }
        return count
    }

    private func signal(_ candidates: ArraySlice<Int32>, _ signal: Int32) throws(SystemCallError) -> Int {
        // Descriptors can't be put into an array as they are not copyable, hence bare numbers, closed below.
        var pidfds: [(process: Int32, pidfd: Int32)] = []
        defer { for (_, pidfd) in pidfds { close(pidfd) } }
        for process in candidates {
            let pidfd = try ignoringGone { () throws(SystemCallError) in
                try systemCall("pidfd_open", "\(process)") { cadre_pidfd_open(process) }
            }
            if let pidfd { pidfds.append((process, pidfd)) }
        }
        let members = Set(try members())
        var count = 0
        for (process, pidfd) in pidfds where members.contains(process) {
            let sent = try ignoringGone { () throws(SystemCallError) in
                try systemCall("pidfd_send_signal", "\(process)") { cadre_pidfd_send_signal(pidfd, signal) }
            }
            if sent != nil { count += 1 }
        }
        return count
    }

    /// The content of `cgroup.procs`, without the zeros that stand for processes of other pid namespaces.
    private func members() throws(SystemCallError) -> [Int32] {
        do {
            return try withBytes(of: "cgroup.procs", isList: true) { text in
                var processes: [Int32] = []
                var place = 0
                while let number = text.nextNumber(&place) {
                    if number != 0 { processes.append(Int32(truncatingIfNeeded: number)) }
                }
                return processes
            }
        } catch {
            // In a threaded cgroup; its processes are listed by the domain cgroup above. Or the cgroup is just gone.
            switch error.errno {
            case .notSupported, .noSuchFileOrDirectory, .operationNotSupportedByDevice: return []
            default: throw error
            }
        }
    }
}

/// Nil if the process is gone.
private func ignoringGone(_ body: () throws(SystemCallError) -> Int32) throws(SystemCallError) -> Int32? {
    do {
        return try body()
    } catch {
        if error.errno == .noSuchProcess { return nil }
        throw error
    }
}
