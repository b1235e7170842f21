import CLinux
import SystemPackage

/// One inotify instance (inotify(7)) that watches files, such as the event files of many cgroups.
///
/// Its descriptor is readable when there is something to `drain`.
public struct Inotify: ~Copyable, Sendable {
    /// What was seen.
    public enum Event: Hashable, Sendable {
        /// The file with this watch changed; `mask` is the kernel's, `IN_MODIFY` and so on.
        case changed(watch: Int32, mask: UInt32)
        /// The watch is no more (`IN_IGNORED`): it was removed, or its file is gone.
        case removed(watch: Int32)
        /// Events were lost (`IN_Q_OVERFLOW`): any watched file may have changed.
        case overflow
    }

    /// The instance; non-blocking, to be polled for reading.
    public let descriptor: Descriptor

    /// Makes an instance; EMFILE if the user has too many (`fs.inotify.max_user_instances`).
    public init() throws(SystemCallError) {
        descriptor = Descriptor(
            owning: try systemCall("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
        )
    }

    /// Watches a file in a directory for modification.
    ///
    /// A cgroup's directory may be removed without the watch on its files going away (kernfs does not tell inotify), so
    /// whoever removes the cgroup has to `remove` the watch.
    ///
    /// - Returns: the watch; the same one if that file is watched already.
    /// - Throws: ENOSPC if the user has too many (`fs.inotify.max_user_watches`).
    public func add(_ file: String, in directory: borrowing Descriptor) throws(SystemCallError) -> Int32 {
        let path = directory.procPath(file)
        return try systemCall("inotify_add_watch", path) {
            inotify_add_watch(descriptor.rawValue, path, UInt32(IN_MODIFY))
        }
    }

    /// Ends a watch; `.removed` comes for it. EINVAL if it is gone already.
    public func remove(_ watch: Int32) throws(SystemCallError) {
        try systemCall("inotify_rm_watch") { inotify_rm_watch(descriptor.rawValue, watch) }
    }

    /// Reads what is there and passes it on, in the order in which it happened; never blocks.
    public func drain(_ body: (Event) -> Void) throws(SystemCallError) {
        try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer throws(SystemCallError) in
            while true {
                do throws(SystemCallError) {
                    let count = try descriptor.read(into: buffer)
                    parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]), body)
                } catch {
                    if error.errno == .wouldBlock { return }
                    throw error
                }
            }
        }
    }

    private func parse(_ records: UnsafeRawBufferPointer, _ body: (Event) -> Void) {
        var start = 0
        while start < records.count {
            let record = records.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
            start += MemoryLayout<inotify_event>.size + Int(record.len)
            if record.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                body(.overflow)
            } else if record.mask & UInt32(IN_IGNORED) != 0 {
                body(.removed(watch: record.wd))
            } else {
                body(.changed(watch: record.wd, mask: record.mask))
            }
        }
    }
}
