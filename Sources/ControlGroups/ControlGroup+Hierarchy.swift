import CLinux
public import Reactor
import SystemPackage

// The cgroups below a cgroup.
extension ControlGroup {
    /// Makes a child and opens it; EEXIST if there is one of that name.
    public func makeChild(_ name: String) throws(SystemCallError) -> ControlGroup {
        try checkName(name)
        try systemCall("mkdir", "\(path)/\(name)") { mkdirat(directory.rawValue, name, 0o755) }
        return try openChild(name)
    }

    /// Opens a child; never through a symbolic link.
    public func openChild(_ name: String) throws(SystemCallError) -> ControlGroup {
        try checkName(name)
        return ControlGroup(directory: try open(name, flags: O_DIRECTORY | O_NOFOLLOW), path: "\(path)/\(name)")
    }

    /// Opens a cgroup some levels below, by its relative path `a/b`; never through a symbolic link at its end.
    public func openDescendant(_ path: String) throws(SystemCallError) -> ControlGroup {
        for name in path.split(separator: "/", omittingEmptySubsequences: false) { try checkName(String(name)) }
        return ControlGroup(directory: try open(path, flags: O_DIRECTORY | O_NOFOLLOW), path: "\(self.path)/\(path)")
    }

    /// The names of the cgroups directly below, in no order. What isn't UTF-8 in one is replaced.
    public func children() throws(SystemCallError) -> [String] { try childNames().map(\.text) }

    private func childNames() throws(SystemCallError) -> [ChildName] {
        // A fresh open file, as the read position of `directory` would be shared.
        let listing = try open(".", flags: O_DIRECTORY)
        var names: [ChildName] = []
        try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer throws(SystemCallError) in
            guard let start = buffer.baseAddress else { return }
            while true {
                let size = try systemCall("getdents64", path) { cadre_getdents(listing.rawValue, start, buffer.count) }
                if size == 0 { return }
                names += directoryNames(in: UnsafeRawBufferPointer(rebasing: buffer[..<size]))
            }
        }
        return names
    }

    /// Removes a child that holds neither processes (EBUSY) nor cgroups.
    public func removeChild(_ name: String) throws(SystemCallError) {
        try checkName(name)
        try systemCall("rmdir", "\(path)/\(name)") { unlinkat(directory.rawValue, name, AT_REMOVEDIR) }
    }

    /// Removes a child with all cgroups below it, the deepest first; that it isn't there any more is no error.
    public func removeTree(childNamed name: String) throws(SystemCallError) {
        do throws(SystemCallError) {
            do throws(SystemCallError) {
                // Few workers make cgroups of their own.
                return try removeChild(name)
            } catch {
                guard error.errno == .resourceBusy else { throw error }
            }
            try openChild(name).walk { group throws(SystemCallError) in
            } leave: { parent, child throws(SystemCallError) in
                try systemCall("rmdir", "\(parent.path)/\(child.text)") {
                    unlinkat(parent.directory.rawValue, child.bytes, AT_REMOVEDIR)
                }
            }
            try removeChild(name)
        } catch {
            if error.errno != .noSuchFileOrDirectory { throw error }
        }
    }

    /// Kills all that is in a child and below, waits until it is gone, and removes the child. One that isn't there is no error.
    ///
    /// It blocks, so it is for the start and the end of a supervisor, and for what should never happen.
    ///
    /// - Parameters:
    ///   - name: the child's.
    ///   - timeout: how long to wait for the ends.
    /// - Throws: ``ControlGroupError/stillPopulated(path:processes:)`` if processes are left then, or what the kernel says.
    public func clear(_ name: String, within timeout: Duration) throws(ControlGroupError) {
        let opened = try rethrowing { () throws(SystemCallError) in try openIfPresent(name) }
        guard let child = opened else { return }
        try child.kill()
        let isEmpty = try rethrowing { () throws(SystemCallError) in try child.waitUntilEmpty(within: timeout) }
        guard isEmpty else {
            let processes = try rethrowing { () throws(SystemCallError) in try child.processes(recursive: true) }
            throw .stillPopulated(path: child.path, processes: processes)
        }
        try rethrowing { () throws(SystemCallError) in try removeTree(childNamed: name) }
    }

    /// Waits until no process is left here or below; false if the time is over before.
    func waitUntilEmpty(within timeout: Duration) throws(SystemCallError) -> Bool {
        // Each read is the point from which poll(2) counts changes, so none is missed between the two.
        let file = try open("cgroup.events")
        let deadline = ContinuousClock.now + timeout
        while true {
            try systemCall("lseek", path) { lseek(file.rawValue, 0, SEEK_SET) }
            let text = try file.readText("\(path)/cgroup.events")
            if !CgroupEvents(parsing: text.utf8.span).populated { return true }
            let left = deadline - .now
            if left <= .zero { return false }
            let (seconds, attoseconds) = left.components
            let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1
            var request = pollfd(fd: file.rawValue, events: Int16(POLLPRI), revents: 0)
            try systemCall("poll", path) { poll(&request, 1, Int32(clamping: milliseconds)) }
        }
    }

    /// Goes through this cgroup and all below it.
    ///
    /// Workers may nest cgroups as deep as they like, so this neither recurses nor holds more than two descriptors:
    /// it climbs by `..`, which is sure as cgroups cannot be moved. And they may call them what they like.
    ///
    /// - Parameters:
    ///   - enter: called for each cgroup, parents before their children.
    ///   - leave: called for each one but this, children before their parents, with the parent and the name.
    func walk(
        enter: (borrowing ControlGroup) throws(SystemCallError) -> Void,
        leave: (borrowing ControlGroup, ChildName) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        var current = ControlGroup(directory: try open(".", flags: O_DIRECTORY), path: path)
        var names = try current.childNames()
        var above: [(path: String, name: ChildName, siblings: [ChildName])] = []
        try enter(current)
        while true {
            if let name = names.popLast() {
                guard let child = try current.openIfPresent(name) else { continue }
                above.append((current.path, name, names))
                current = child
                try enter(current)
                names = try current.childNames()
            } else if let (path, name, siblings) = above.popLast() {
                let parent = try current.open("..", flags: O_DIRECTORY)
                current = ControlGroup(directory: parent, path: path)
                names = siblings
                try leave(current, name)
            } else {
                return
            }
        }
    }

    private func openIfPresent(_ name: ChildName) throws(SystemCallError) -> ControlGroup? {
        let path = "\(path)/\(name.text)"
        do {
            let child = try systemCall("open", path) {
                cadre_openat(directory.rawValue, name.bytes, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
            }
            return ControlGroup(directory: Descriptor(owning: child), path: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// Opens a child, nil if there is none.
    func openIfPresent(_ name: String) throws(SystemCallError) -> ControlGroup? {
        do {
            return try openChild(name)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// Names come from configuration and must not lead out of the cgroup.
    private func checkName(_ name: String) throws(SystemCallError) {
        if name.isEmpty || name == "." || name == ".." || name.utf8.contains(UInt8(ascii: "/")) {
            throw SystemCallError(call: "open", object: "\(path)/\(name)", errno: .invalidArgument)
        }
    }
}

/// What somebody has called a cgroup, which need not be text: all bytes but those of "/" and a new line are possible.
struct ChildName {
    /// The name as the kernel has it, with a zero behind it.
    let bytes: [CChar]

    /// For messages; what isn't UTF-8 is replaced.
    var text: String { String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}

/// The names of the directories among the records that getdents64(2) filled in.
private func directoryNames(in records: UnsafeRawBufferPointer) -> [ChildName] {
    var names: [ChildName] = []
    var start = 0
    while start < records.count {
        // struct linux_dirent64: inode and offset of 8 bytes each, length of the record, type, name up to a zero.
        let length = Int(records.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self))
        let name = records[(start + 19)..<(start + length)].prefix { $0 != 0 }
        if records[start + 18] == UInt8(DT_DIR), !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) {
            names.append(ChildName(bytes: name.map { CChar(bitPattern: $0) } + [0]))
        }
        start += length
    }
    return names
}
