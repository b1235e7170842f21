import CLinux
import Reactor
import SystemPackage

/// What a supervisor leaves to the one that follows it when it dies: a file of records, each of which replaces an earlier
/// one of the same key.
///
/// Records are only ever appended, a line each: a checksum, the key, the value in JSON. What is written together ends
/// with a mark, and counts as a whole or not at all: a supervisor may be killed while it writes.
///
/// There are two files. When the first has grown enough, all there is is written to the second, a few records at a time,
/// while what is new goes to both; then they change names, in one step. Each has room in reserve for what will come
/// to it (see ``JournalFile``), so that it all goes on while there is no room left in the file system.
///
/// Not extended attributes of the cgroups: the kernel takes 128 of them a cgroup with 128 KiB in all (fs/kernfs), which
/// isn't room for a thousand workers, and a worker that waits for its restart has no cgroup at all. The file belongs to
/// one delegated root: an attribute of that holds the file's ID, so a file that is older than the root is not taken
/// for true.
final class StateJournal {
    /// The first record.
    struct Header: Codable, Equatable {
        /// Which records there are, and what they mean.
        static let currentVersion = 1

        var version = Header.currentVersion
        /// A number at random, which the root has as an attribute.
        var id: UInt64
        /// The absolute path of the delegated root.
        var root: String
    }

    static let headerKey = "header"
    /// The key of the mark behind what was written together.
    static let endKey = "end"
    /// How much is appended before the file is written anew, beyond its own size.
    private static let leastGrowth = 1 << 16
    /// The name of the second file, which supervisors of every version remove.
    static func sparePath(of path: String) -> String { "\(path).new" }

    private let path: String
    private let header: Header
    /// The file that counts; nil before there is one.
    private var file: JournalFile?
    /// The file that is going to.
    private var spare: JournalFile?
    private var buffer: [UInt8] = []
    /// How large the file was when it was new.
    private var sizeWhenNew = 0
    /// What a new file is taken to hold at least. The first one has all workers as they are before they run; neither while
    /// they start nor when many of them die is there time to write everything anew.
    private var expectedSize = 0
    /// What a worker takes there that runs (two fifths) and is restarted once, in bytes.
    static let sizeOfWorker = 1300
    /// Whether the second file is being filled.
    private(set) var isRenewing = false

    /// A journal whose file is made by the first ``rewrite(expecting:_:)``.
    init(path: String, header: Header) {
        self.path = path
        self.header = header
    }

    /// Whether there is a file to append to.
    var isOpen: Bool { file != nil }
    /// Whether the file has grown so much that it is to be written anew.
    var hasGrown: Bool { (file?.size ?? 0) > growthLimit }
    /// Whether the second file still has something of what was in it before.
    var isSpareClean: Bool { spare?.isClean ?? true }

    private var growthLimit: Int { 2 * max(sizeWhenNew, expectedSize) + Self.leastGrowth }
    /// What a file needs: to grow, and to take what comes while the other one is being filled.
    private var wantedCapacity: Int { growthLimit + sizeWhenNew / 4 + Self.leastGrowth / 2 }

    // MARK: Noting

    /// Notes a record, in place of an earlier one of that key.
    func set(_ key: String, _ value: some Encodable) {
        let size = buffer.count
        // What is encoded here has no floating-point infinities, the one thing that JSON can't tell.
        do { try add(key) { try RecordEncoder.encode(value, to: &$0) } } catch { buffer.removeSubrange(size...) }
    }

    /// Notes one more record of a key of which there are several.
    func append(_ key: String, _ value: some Encodable) { set("+\(key)", value) }

    /// Notes that there is nothing of that key any more.
    func remove(_ key: String) { add(key) { _ in } }

    private func add<Failure>(_ key: String, _ value: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        let start = buffer.count
        buffer.append(contentsOf: Self.noChecksum)
        buffer.append(contentsOf: key.utf8)
        buffer.append(UInt8(ascii: " "))
        try value(&buffer)
        let line = start + Self.noChecksum.count
        for (index, digit) in Self.checksum(of: buffer[line...]).utf8.enumerated() { buffer[start + index] = digit }
        buffer.append(UInt8(ascii: "\n"))
    }

    /// What stands in the place of a checksum until that is known.
    private static let noChecksum = Array("00000000 ".utf8)

    // MARK: Writing

    /// Writes what was noted.
    ///
    /// - Throws: what the file system has to say; then nothing of it is in the file.
    func flush() throws(SystemCallError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        guard let file, !buffer.isEmpty else { return }
        remove(Self.endKey)
        try file.append(buffer)
        guard isRenewing, let spare else { return }
        // Without it the renewal has lost something, and begins once more when it is due.
        do { try spare.append(buffer) } catch { isRenewing = false }
    }

    /// Writes a file with all there is, in the place of the one before, at once.
    ///
    /// - Parameters:
    ///   - size: what it is taken to hold at least.
    ///   - all: notes all records.
    func rewrite(expecting size: Int = 0, _ all: () -> Void) throws(SystemCallError) {
        expectedSize = size
        try beginRenewal()
        do {
            while try clearSpare() {}
            try renew(all)
            try endRenewal()
        } catch {
            isRenewing = false
            throw error
        }
    }

    /// Begins to write everything anew, piece by piece, which waits until ``isSpareClean``.
    func beginRenewal() throws(SystemCallError) {
        buffer.removeAll(keepingCapacity: true)
        isRenewing = false
        if spare == nil { spare = try JournalFile(Self.sparePath(of: path)) }
        spare?.startOver()
    }

    /// Overwrites a piece of what was in the second file before.
    ///
    /// - Returns: whether there is more.
    func clearSpare() throws(SystemCallError) -> Bool { try spare?.clear() ?? false }

    /// Writes a piece; what it is made of is noted by `body`.
    func renew(_ body: () -> Void) throws(SystemCallError) {
        guard let spare else { return }
        buffer.removeAll(keepingCapacity: true)
        defer { buffer.removeAll(keepingCapacity: true) }
        if !isRenewing { set(Self.headerKey, header) }
        body()
        remove(Self.endKey)
        do {
            try spare.append(buffer)
            isRenewing = true
        } catch {
            isRenewing = false
            throw error
        }
    }

    /// Puts what was written piece by piece in the place of the file before.
    func endRenewal() throws(SystemCallError) {
        guard isRenewing, let new = spare else { return }
        isRenewing = false
        let sparePath = Self.sparePath(of: path)
        var isExchanged = true
        do throws(SystemCallError) {
            try systemCall("renameat2", path) { cadre_exchange(sparePath, path) }
        } catch {
            // There is none yet, or the file system can't exchange two (rename(2)); then the room of the one before is lost,
            // and asked for anew.
            guard [.noSuchFileOrDirectory, .invalidArgument].contains(error.errno) else { throw error }
            try systemCall("rename", path) { rename(sparePath, path) }
            isExchanged = false
        }
        spare = isExchanged ? file : nil
        spare?.startOver()
        file = new
        sizeWhenNew = new.size
    }

    /// Sees to it that both files have room for what will come.
    ///
    /// - Throws: why not; then it goes on as long as what there is suffices.
    func reserve() throws(SystemCallError) {
        try file?.reserve(wantedCapacity)
        if spare == nil { spare = try JournalFile(Self.sparePath(of: path)) }
        try spare?.reserve(wantedCapacity)
    }

    /// Removes the files: nothing is left to be followed up.
    func removeFile() {
        file = nil
        spare = nil
        unlink(path)
        unlink(Self.sparePath(of: path))
    }

    static func checksum(of bytes: ArraySlice<UInt8>) -> String {
        // FNV-1a, 32 bits.
        var hash: UInt32 = 0x811C_9DC5
        for byte in bytes { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
