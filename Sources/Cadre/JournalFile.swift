import CLinux
import Reactor

/// One of a journal's files: what was written, and behind it zeros for which the file system has blocks already
/// (posix_fallocate(3)), so that writing there needs no room.
///
/// It is never made shorter, as what a file gives back somebody else takes. What was in it is overwritten with zeros
/// before it is used again: who reads it finds its end by them.
final class JournalFile {
    /// How much is overwritten at once: a fraction of a millisecond's work.
    private static let piece = 1 << 18
    private static let zeros = [UInt8](repeating: 0, count: piece)
    /// What room is asked for in multiples of.
    private static let block = 1 << 14

    private let path: String
    private let descriptor: Descriptor
    /// How much of it was written.
    private(set) var size = 0
    /// Up to where something may be in it that isn't zero.
    private var dirty: Int
    /// How much of it there are blocks for.
    private var capacity = 0

    /// Opens a file or makes it; what is in it is to be cleared.
    init(_ path: String) throws(SystemCallError) {
        self.path = path
        descriptor = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        let number = descriptor.rawValue
        dirty = Int(try systemCall("lseek", path) { lseek(number, 0, SEEK_END) })
    }

    /// Whether there is nothing behind what was written.
    var isClean: Bool { dirty <= size }

    /// Sees to it that there are blocks for that many bytes.
    func reserve(_ wanted: Int) throws(SystemCallError) {
        guard wanted > capacity else { return }
        let number = descriptor.rawValue
        let end = (wanted + Self.block - 1) / Self.block * Self.block
        try systemCall("fallocate", path) { cadre_reserve(number, off_t(capacity), off_t(end - capacity)) }
        capacity = end
    }

    /// Writes behind what was written; if that fails, it is as if nothing was.
    func append(_ bytes: [UInt8]) throws(SystemCallError) {
        try reserve(size + bytes.count)
        dirty = max(dirty, size + bytes.count)
        try write(bytes[...], at: size)
        size += bytes.count
    }

    /// Forgets what was written; it is to be cleared before something else is.
    func startOver() {
        dirty = max(dirty, size)
        size = 0
    }

    /// Overwrites a piece of what was in it, from the end, so that what is left is no less than what there is to clear.
    ///
    /// - Returns: whether there is more.
    func clear() throws(SystemCallError) -> Bool {
        guard !isClean else { return false }
        let begin = max(size, dirty - Self.piece)
        try reserve(dirty)
        try write(Self.zeros[..<(dirty - begin)], at: begin)
        dirty = begin
        return !isClean
    }

    private func write(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(SystemCallError) {
        let number = descriptor.rawValue
        var rest = bytes
        while !rest.isEmpty {
            let place = offset + rest.startIndex - bytes.startIndex
            let written = try systemCall("pwrite", path) {
                rest.withUnsafeBytes { pwrite(number, $0.baseAddress, $0.count, off_t(place)) }
            }
            rest = rest.dropFirst(written)
        }
    }
}
