import CLinux
import Reactor
import SystemPackage

/// Descriptors by name, kept so that they outlive whoever gave them.
///
/// All its memory is reserved in the beginning, and becomes real as it is used.
struct DescriptorStore: ~Copyable {
    /// The longest name, as in `FDNAME=` of sd_notify(3).
    static let longestName = 255

    private static let stride = longestName + 1
    private let capacity: Int
    private let names: UnsafeMutableRawPointer
    private let numbers: UnsafeMutablePointer<Int32>
    private(set) var count = 0

    /// A store for as many descriptors as this process may have open.
    init() throws(SystemCallError) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let capacity = Int(min(limit.rlim_max, 1 << 20))
        let names = try Self.reserve(capacity * Self.stride)
        let numbers = try Self.reserve(capacity * MemoryLayout<Int32>.stride)
        self.capacity = capacity
        self.names = names
        self.numbers = numbers.bindMemory(to: Int32.self, capacity: capacity)
    }

    private static func reserve(_ size: Int) throws(SystemCallError) -> UnsafeMutableRawPointer {
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw SystemCallError(call: "mmap", object: "\(size) bytes", errno: Errno(rawValue: cadre_errno()))
        }
        return memory
    }

    /// The number of a descriptor.
    subscript(index: Int) -> Int32 { numbers[index] }

    /// The name of a descriptor.
    func name(_ index: Int) -> UnsafeRawBufferPointer {
        let start = names + index * Self.stride
        return UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
    }

    /// A file in memory with all names in order, a line each, to be read from its beginning.
    func nameList() throws(SystemCallError) -> Descriptor {
        let file = Descriptor(owning: try systemCall("memfd_create") { cadre_memory_file("names") })
        var text: [UInt8] = []
        for index in 0..<count { text += Array(name(index)) + [UInt8(ascii: "\n")] }
        var written = 0
        while written < text.count {
            written += try systemCall("write", "the names of descriptors") {
                text.withUnsafeBytes { write(file.rawValue, $0.baseAddress! + written, text.count - written) }
            }
        }
        lseek(file.rawValue, 0, SEEK_SET)
        return file
    }

    /// Takes over a descriptor, in place of an earlier one of the same name; closes it if there is no room.
    ///
    /// - Returns: false if it was closed.
    @discardableResult
    mutating func add(_ name: UnsafeRawBufferPointer, _ descriptor: Int32) -> Bool {
        remove(name)
        guard count < capacity, !name.isEmpty, name.count <= Self.longestName else {
            close(descriptor)
            return false
        }
        let start = names + count * Self.stride
        memcpy(start, name.baseAddress!, name.count)
        start.storeBytes(of: 0, toByteOffset: name.count, as: UInt8.self)
        numbers[count] = descriptor
        count += 1
        return true
    }

    /// Closes and forgets the descriptor of that name, if there is one.
    mutating func remove(_ name: UnsafeRawBufferPointer) {
        for index in 0..<count where self.name(index).elementsEqual(name) {
            close(numbers[index])
            count -= 1
            guard index != count else { return }
            memcpy(names + index * Self.stride, names + count * Self.stride, Self.stride)
            numbers[index] = numbers[count]
            return
        }
    }
}
