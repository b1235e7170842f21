import CLinux
public import Reactor

/// Files that are followed for lines.
extension Prober {
    /// Follows a file from an offset on. What holds the file open goes on with it if it is renamed.
    ///
    /// - Throws: if it cannot be read.
    public nonisolated func follow(_ path: String, from offset: Int, _ watch: LineWatch) throws(SystemCallError) {
        let file = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let number = file.release()
        Task(executorPreference: reactor) { await self.follow(Descriptor(owning: number), from: offset, watch) }
    }

    private func follow(_ file: consuming Descriptor, from offset: Int, _ watch: LineWatch) {
        do {
            let files = try followedFiles ?? FollowedFiles(reactor)
            followedFiles = files
            let number = try files.add(file, from: offset, watch)
            watch.atEnd { [reactor] in Task(executorPreference: reactor) { await self.unfollow(number) } }
        } catch {
            watch.fail("\(error)")
        }
    }

    private func unfollow(_ number: UInt64) { followedFiles?.remove(number) }
}

/// The files that are followed, by one inotify instance. It lives on the prober's thread.
final class FollowedFiles {
    private final class File {
        let descriptor: Descriptor
        let inotifyWatch: Int32
        let watch: LineWatch
        var offset: Int
        /// The beginning of a line whose end hasn't come yet.
        var partial: [UInt8] = []

        init(_ descriptor: consuming Descriptor, _ inotifyWatch: Int32, from offset: Int, _ watch: LineWatch) {
            self.descriptor = descriptor
            self.inotifyWatch = inotifyWatch
            self.offset = offset
            self.watch = watch
        }
    }

    /// As much of a line is looked at.
    private static let longestLine = 48 * 1024

    private let inotify: Inotify
    private var files: [UInt64: File] = [:]
    private var lastNumber: UInt64 = 0

    init(_ reactor: Reactor) throws(SystemCallError) {
        inotify = try Inotify()
        _ = try reactor.watch(inotify.descriptor) { [weak self] _ in self?.drain() }
    }

    func add(
        _ descriptor: consuming Descriptor, from offset: Int, _ watch: LineWatch
    ) throws(SystemCallError) -> UInt64 {
        // The open file itself, whatever its path means by now.
        let inotifyWatch = try inotify.add("", in: descriptor)
        let file = File(descriptor, inotifyWatch, from: offset, watch)
        lastNumber += 1
        files[lastNumber] = file
        // What came before there was an inotify watch.
        read(file)
        return lastNumber
    }

    func remove(_ number: UInt64) {
        guard let file = files.removeValue(forKey: number) else { return }
        // Several may follow one file, by the same inotify watch.
        if !files.values.contains(where: { $0.inotifyWatch == file.inotifyWatch }) {
            try? inotify.remove(file.inotifyWatch)
        }
    }

    private func drain() {
        var changed: Set<Int32> = []
        var isIncomplete = false
        do {
            try inotify.drain { event in
                switch event {
                case .changed(let watch, _): changed.insert(watch)
                case .removed: break
                case .overflow: isIncomplete = true
                }
            }
        } catch {
            isIncomplete = true
        }
        for file in files.values where isIncomplete || changed.contains(file.inotifyWatch) { read(file) }
    }

    private func read(_ file: File) {
        var status = stat()
        // Truncated, it begins anew.
        if fstat(file.descriptor.rawValue, &status) == 0, status.st_size < file.offset {
            file.offset = 0
            file.partial = []
        }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while !file.watch.isOver {
            let count = pread(file.descriptor.rawValue, &chunk, chunk.count, file.offset)
            guard count > 0 else { return }
            file.offset += count
            file.partial += chunk[..<count]
            var rest = file.partial[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                file.watch.look(at: rest[..<end])
                rest = rest[(end + 1)...]
            }
            file.partial = Array(rest.count > Self.longestLine ? rest.suffix(Self.longestLine) : rest)
        }
    }
}
