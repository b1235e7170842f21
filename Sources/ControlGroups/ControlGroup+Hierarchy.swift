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

    /// The names of the cgroups directly below, in no order.
    public func children() throws(SystemCallError) -> [String] {
        // A fresh open file, as the read position of `directory` would be shared.
        let listing = try open(".", flags: O_DIRECTORY)
        var names: [String] = []
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
                try parent.removeChild(child)
            }
            try removeChild(name)
        } catch {
            if error.errno != .noSuchFileOrDirectory { throw error }
        }
    }

    /// Goes through this cgroup and all below it.
    ///
    /// Workers may nest cgroups as deep as they like, so this neither recurses nor holds more than two descriptors:
    /// it climbs by `..`, which is sure as cgroups cannot be moved.
    ///
    /// - Parameters:
    ///   - enter: called for each cgroup, parents before their children.
    ///   - leave: called for each one but this, children before their parents, with the parent and the name.
    func walk(
        enter: (borrowing ControlGroup) throws(SystemCallError) -> Void,
        leave: (borrowing ControlGroup, String) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        var current = ControlGroup(directory: try open(".", flags: O_DIRECTORY), path: path)
        var names = try current.children()
        var above: [(name: String, siblings: [String])] = []
        try enter(current)
        while true {
            if let name = names.popLast() {
                guard let child = try current.openIfPresent(name) else { continue }
                above.append((name, names))
                current = child
                try enter(current)
                names = try current.children()
            } else if let (name, siblings) = above.popLast() {
                let parent = try current.open("..", flags: O_DIRECTORY)
                current = ControlGroup(directory: parent, path: String(current.path.dropLast(name.utf8.count + 1)))
                names = siblings
                try leave(current, name)
            } else {
                return
            }
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

/// The names of the directories among the records that getdents64(2) filled in.
private func directoryNames(in records: UnsafeRawBufferPointer) -> [String] {
    var names: [String] = []
    var start = 0
    while start < records.count {
        // struct linux_dirent64: inode and offset of 8 bytes each, length of the record, type, name up to a zero.
        let length = Int(records.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self))
        let name = records[(start + 19)..<(start + length)].prefix { $0 != 0 }
        if records[start + 18] == UInt8(DT_DIR), !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) {
            names.append(String(decoding: name, as: UTF8.self))
        }
        start += length
    }
    return names
}
