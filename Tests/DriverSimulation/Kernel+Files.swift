import CLinux
import CSimulatedKernel
import Glibc

/// Files, directories and what /proc says of them.
extension Kernel {
    private static let mount = "/simulated/cgroup"
    private static let run = "/simulated/run"

    private enum Place {
        case file(String)
        case cgroup(Cgroup)
        case cgroupFile(Cgroup, String)
        case process(Int32, String)
        case fixed(String)
        case error(Int32)
    }

    /// What a path leads to, from the directory behind a descriptor unless it is absolute.
    private func place(_ directory: Int32, _ path: String) -> Place {
        if path.hasPrefix(Self.mount) { return place(in: root, String(path.dropFirst(Self.mount.count))) }
        if path.hasPrefix(Self.run) { return .file(path) }
        let parts = path.split(separator: "/")
        if path.hasPrefix("/proc/self/fd/"), parts.count > 3, let number = Int32(parts[3]) {
            return place(number, parts[4...].joined(separator: "/"))
        }
        if path.hasPrefix("/proc/"), parts.count == 3, let pid = Int32(parts[1]) {
            return .process(pid, String(parts[2]))
        }
        if path.hasPrefix("/") { return .fixed(path) }
        switch openFile(directory)?.kind {
        case .cgroup(let group): return place(in: group, path)
        case .null: return .error(ENOENT)
        case nil: return .error(EBADF)
        default: return .error(ENOTDIR)
        }
    }

    private func place(in group: Cgroup, _ path: String) -> Place {
        var group = group
        for part in path.split(separator: "/") where part != "." {
            if group.isRemoved { return .error(ENOENT) }
            if part == ".." {
                guard let parent = group.parent else { return .error(ENOENT) }
                group = parent
            } else if let child = group.children[String(part)] {
                group = child
            } else {
                return group.text(of: String(part)) == nil ? .error(ENOENT) : .cgroupFile(group, String(part))
            }
        }
        return group.isRemoved ? .error(ENOENT) : .cgroup(group)
    }

    /// A process that has too many open files gets no other.
    func withFault(_ body: () -> Int) -> Int {
        let isNext = faults.nextDescriptor == 0
        faults.nextDescriptor = isNext ? nil : faults.nextDescriptor.map { $0 - 1 }
        if isNext || (faults.descriptors > 0 && chance(faults.descriptors)) {
            note("a call fails as there are too many open files")
            return -Int(EMFILE)
        }
        return body()
    }

    func open(_ directory: Int32, _ path: String, _ flags: Int32) -> Int {
        switch place(directory, path) {
        case .error(let code): return -Int(code)
        case .cgroup(let group): return withFault { install(OpenFile(.cgroup(group))) }
        case .cgroupFile(let group, let file):
            if flags & O_DIRECTORY != 0 { return -Int(ENOTDIR) }
            return withFault { install(OpenFile(.cgroupFile(group, file))) }
        case .process(let pid, let file):
            guard let text = text(ofProcess: pid, file) else { return -Int(ENOENT) }
            return withFault { install(OpenFile(.text(Array(text.utf8)))) }
        case .fixed("/dev/null"), .fixed("/proc"): return withFault { install(OpenFile(.null)) }
        case .fixed("/proc/self/cgroup"):
            return withFault { install(OpenFile(.text(Array("0::/unit/supervisor\n".utf8)))) }
        case .fixed("/proc/self/mountinfo"):
            let text = "30 23 0:26 / \(Self.mount) rw,relatime - cgroup2 cgroup2 rw\n"
            return withFault { install(OpenFile(.text(Array(text.utf8)))) }
        case .fixed: return -Int(ENOENT)
        case .file(let path): return openFile(at: path, flags)
        }
    }

    private func openFile(at path: String, _ flags: Int32) -> Int {
        if let code = faults.journal, flags & O_ACCMODE != O_RDONLY { return -Int(code) }
        return withFault {
            if files[path] == nil {
                guard flags & O_CREAT != 0, files[parent(of: path)] != nil else { return -Int(ENOENT) }
                files[path] = FileNode(.regular)
            }
            guard let node = files[path] else { return -Int(ENOENT) }
            if flags & O_TRUNC != 0 { (node.bytes, node.room) = ([], 0) }
            return install(OpenFile(.file(node)))
        }
    }

    private func text(ofProcess pid: Int32, _ file: String) -> String? {
        guard let process = processes[pid] ?? (supervisor?.pid == pid ? supervisor : nil) else {
            return pid == Conductor.keeperPid && file == "stat" ? stat(pid, startTime: 1) : nil
        }
        switch file {
        case "stat": return stat(pid, startTime: process.startTime)
        case "cgroup": return "0::\(process.group.path)\(process.group.isRemoved ? " (deleted)" : "")\n"
        default: return nil
        }
    }

    /// proc_pid_stat(5), of which the 22nd field matters.
    private func stat(_ pid: Int32, startTime: UInt64) -> String {
        "\(pid) (program) S " + String(repeating: "0 ", count: 18) + "\(startTime) 0 0\n"
    }

    private func parent(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

    // MARK: Contents

    func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let file = openFile(descriptor) else { return -Int(EBADF) }
        let bytes: [UInt8]
        switch file.kind {
        case .counter:
            guard file.number > 0 else { return -Int(EAGAIN) }
            buffer.storeBytes(of: UInt64(exchange(&file.number, with: 0)), as: UInt64.self)
            return 8
        case .timer:
            guard file.number > 0, file.number <= now else { return -Int(EAGAIN) }
            file.number = 0
            buffer.storeBytes(of: 1, as: UInt64.self)
            return 8
        case .inotify(let queue): return read(queue, buffer)
        case .file(let node): bytes = node.bytes
        case .text(let text): bytes = text
        case .cgroupFile(let group, let name):
            guard !group.isRemoved, let text = group.text(of: name) else { return -Int(ENODEV) }
            file.version = group.version
            bytes = Array(text.utf8)
        case .null: return 0
        case .epoll, .pidfd, .socket, .keeper, .cgroup: return -Int(EINVAL)
        }
        let part = bytes.dropFirst(file.offset).prefix(buffer.count)
        buffer.copyBytes(from: part)
        file.offset += part.count
        return part.count
    }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard let file = openFile(descriptor) else { return -Int(EBADF) }
        switch file.kind {
        case .counter:
            file.number += 1
            return bytes.count
        case .file(let node): return write(descriptor, bytes, at: node.bytes.count)
        case .cgroupFile(let group, let name):
            let answer = write(String(decoding: bytes, as: UTF8.self), to: name, of: group)
            return answer < 0 ? answer : bytes.count
        case .null: return bytes.count
        default: return -Int(EINVAL)
        }
    }

    /// A write to a place of a file. It may be for lack of room that there is only a part of it, or nothing.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        guard case .file(let node) = openFile(descriptor)?.kind else { return -Int(EBADF) }
        var bytes = bytes[...]
        if let code = faults.journal, offset + bytes.count > node.room {
            bytes = bytes.prefix(max(node.room - offset, chance(0.5) ? bytes.count / 2 : 0))
            if bytes.isEmpty { return -Int(code) }
        }
        grow(node, to: offset + bytes.count)
        node.bytes.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        return bytes.count
    }

    private func grow(_ node: FileNode, to size: Int) {
        if node.bytes.count < size { node.bytes += [UInt8](repeating: 0, count: size - node.bytes.count) }
        node.room = max(node.room, size)
    }

    func reserve(_ descriptor: Int32, _ size: Int) -> Int {
        guard case .file(let node) = openFile(descriptor)?.kind else { return -Int(EBADF) }
        if let code = faults.journal, size > node.room { return -Int(code) }
        grow(node, to: size)
        return 0
    }

    func swap(_ first: String, _ second: String) -> Int {
        guard files[first] != nil, files[second] != nil else { return -Int(ENOENT) }
        (files[first], files[second]) = (files[second], files[first])
        return 0
    }

    func seek(_ descriptor: Int32, _ offset: Int, _ whence: Int32) -> Int {
        guard let file = openFile(descriptor) else { return -Int(EBADF) }
        file.offset = offset
        if whence == SEEK_END, case .file(let node) = file.kind { file.offset += node.bytes.count }
        return file.offset
    }

    func truncate(_ descriptor: Int32, _ size: Int) -> Int {
        guard case .file(let node) = openFile(descriptor)?.kind else { return -Int(EINVAL) }
        node.bytes = Array(node.bytes.prefix(size))
        return 0
    }

    func stat(_ descriptor: Int32, _ path: String, _ status: inout stat) -> Int {
        status = stat_t()
        status.st_uid = geteuid()
        guard path.isEmpty else { return -Int(ENOENT) }
        switch openFile(descriptor)?.kind {
        case nil: return -Int(EBADF)
        case .cgroup: status.st_mode = S_IFDIR | 0o755
        case .file(let node):
            status.st_mode = S_IFREG | 0o600
            status.st_size = node.bytes.count
        default: status.st_mode = S_IFREG | 0o600
        }
        return 0
    }

    func lock(_ descriptor: Int32) -> Int {
        guard case .cgroup(let group) = openFile(descriptor)?.kind else { return -Int(EINVAL) }
        if group.isLocked { return -Int(EAGAIN) }
        group.isLocked = true
        return 0
    }

    // MARK: Directories

    func makeDirectory(_ directory: Int32, _ path: String) -> Int {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex, path.hasPrefix(Self.run) {
            if files[path] != nil { return -Int(EEXIST) }
            guard files[String(path[..<slash])] != nil else { return -Int(ENOENT) }
            files[path] = FileNode(.directory)
            return 0
        }
        guard case .cgroup(let parent) = openFile(directory)?.kind else { return -Int(EBADF) }
        if parent.isRemoved { return -Int(ENOENT) }
        if parent.children[path] != nil { return -Int(EEXIST) }
        if faults.directories > 0, chance(faults.directories) { return -Int(ENOMEM) }
        parent.children[path] = Cgroup(name: path, parent: parent)
        return 0
    }

    func remove(_ directory: Int32, _ path: String, isDirectory: Bool) -> Int {
        switch place(directory, path) {
        case .cgroup(let group): return isDirectory ? remove(group) : -Int(EISDIR)
        case .file(let path):
            guard let node = files[path] else { return -Int(ENOENT) }
            if (node.kind == .directory) != isDirectory { return -Int(isDirectory ? ENOTDIR : EISDIR) }
            if isDirectory, !names(in: path).isEmpty { return -Int(ENOTEMPTY) }
            files[path] = nil
            return 0
        case .error(let code): return -Int(code)
        case .cgroupFile, .process, .fixed: return -Int(EPERM)
        }
    }

    func rename(_ from: String, _ to: String) -> Int {
        guard let node = files.removeValue(forKey: from) else { return -Int(ENOENT) }
        files[to] = node
        return 0
    }

    func access(_ directory: Int32, _ path: String) -> Int {
        switch place(directory, path) {
        case .error(let code): -Int(code)
        case .file(let path): files[path] == nil ? -Int(ENOENT) : 0
        case .cgroup, .cgroupFile, .process, .fixed: 0
        }
    }

    func names(in path: String) -> [String] {
        files.keys.filter { $0.hasPrefix("\(path)/") }.map { String($0.dropFirst(path.count + 1)) }
            .filter { !$0.contains("/") }.sorted()
    }

    /// getdents64(2), of a cgroup's children.
    func entries(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let file = openFile(descriptor), case .cgroup(let group) = file.kind else { return -Int(ENOTDIR) }
        if group.isRemoved { return -Int(ENOENT) }
        var size = 0
        for name in group.children.keys.sorted().dropFirst(file.offset) {
            // Inode, offset, length, type, name and a zero; in multiples of 8 bytes.
            let length = (19 + name.utf8.count + 1 + 7) / 8 * 8
            if size + length > buffer.count { break }
            let entry = UnsafeMutableRawBufferPointer(rebasing: buffer[size..<(size + length)])
            for index in entry.indices { entry[index] = 0 }
            entry.storeBytes(of: UInt16(length), toByteOffset: 16, as: UInt16.self)
            entry[18] = UInt8(DT_DIR)
            for (index, byte) in name.utf8.enumerated() { entry[19 + index] = byte }
            size += length
            file.offset += 1
        }
        return size
    }

    // MARK: Attributes

    func setAttribute(_ descriptor: Int32, _ name: String, _ value: [UInt8]?) -> Int {
        guard case .cgroup(let group) = openFile(descriptor)?.kind else { return -Int(EBADF) }
        if group.isRemoved { return -Int(ENOENT) }
        if value == nil, group.attributes[name] == nil { return -Int(ENODATA) }
        group.attributes[name] = value
        return 0
    }

    func attribute(_ descriptor: Int32, _ name: String) -> [UInt8]? {
        guard case .cgroup(let group) = openFile(descriptor)?.kind else { return nil }
        return group.attributes[name]
    }
}

private typealias stat_t = stat
