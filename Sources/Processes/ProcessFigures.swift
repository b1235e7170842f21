import CLinux
public import Reactor

/// Figures of one process; nil where the kernel doesn't let this user see them.
public struct ProcessFigures: Hashable, Sendable {
    /// How many descriptors it has open.
    public var openDescriptors: Int?
    /// How many it may have open (the soft `RLIMIT_NOFILE`).
    public var openDescriptorsMax: UInt64?
    /// Its address space in bytes; only if it was asked for.
    public var virtualBytes: UInt64?
    /// How much of that is in memory, in bytes; only if it was asked for.
    public var residentBytes: UInt64?

    /// Nothing known.
    public init() {}
}

/// Reads figures of processes from `/proc`, of thousands at a time.
public struct ProcessReader: ~Copyable, Sendable {
    private let proc: Descriptor
    /// Whether the size of `/proc/PID/fd` is the count of descriptors, as it is since Linux 6.2; 0 before.
    private let isCountSize: Bool

    /// Opens `/proc`.
    public init() throws(SystemCallError) {
        proc = try Descriptor.open("/proc", flags: O_DIRECTORY)
        isCountSize = Self.sizeOfDescriptorDirectory("self/fd", proc) ?? 0 > 0
    }

    /// The figures of a process, all nil if it is gone.
    public func figures(of process: Int32, withMemory: Bool) -> ProcessFigures {
        var figures = ProcessFigures()
        figures.openDescriptors = countDescriptors(of: process)
        var limit: UInt64 = 0
        if cadre_open_file_limit(process, &limit) == 0 { figures.openDescriptorsMax = limit }
        if withMemory, let text = try? Descriptor.open("\(process)/statm", at: proc.rawValue).readText() {
            // The first two figures of proc_pid_statm(5), in pages.
            let pages = text.split(separator: " ").prefix(2).compactMap { UInt64($0) }
            let size = UInt64(sysconf(Int32(_SC_PAGESIZE)))
            if pages.count == 2 { (figures.virtualBytes, figures.residentBytes) = (pages[0] * size, pages[1] * size) }
        }
        return figures
    }

    private func countDescriptors(of process: Int32) -> Int? {
        let path = "\(process)/fd"
        if isCountSize { return Self.sizeOfDescriptorDirectory(path, proc) }
        guard let directory = try? Descriptor.open(path, at: proc.rawValue, flags: O_DIRECTORY) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { buffer -> Int? in
            // Without `.` and `..`.
            var count = -2
            while true {
                let size = cadre_getdents(directory.rawValue, buffer.baseAddress, buffer.count)
                guard size > 0 else { return size == 0 ? count : nil }
                var start = 0
                while start < size {
                    // struct linux_dirent64: inode and offset of 8 bytes each, then the length of the record.
                    start += Int(buffer.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self))
                    count += 1
                }
            }
        }
    }

    private static func sizeOfDescriptorDirectory(_ path: String, _ proc: borrowing Descriptor) -> Int? {
        var status = stat()
        return fstatat(proc.rawValue, path, &status, 0) == 0 ? Int(status.st_size) : nil
    }
}
