import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

@Suite struct DescriptorPlacementTests {
    /// A generator that gives the same sequence for the same seed (SplitMix64).
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    @Test(
        "every arrangement of descriptors arrives as asked, and no other descriptor does",
        arguments: 0..<60 as Range<UInt64>)
    func arrangement(seed: UInt64) throws {
        var generator = Generator(state: seed)
        let files = try (0..<8).map { _ in try makeFile() }
        let sources = files.map(\.rawValue).shuffled(using: &generator)
        let pipe = try makePipe()
        let null = try Descriptor.open("/dev/null")
        // Standard streams, then any number of sources in any order, some twice.
        var placed = [null.rawValue, pipe.writing.rawValue, null.rawValue]
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            placed.append(sources.randomElement(using: &generator)!)
        }
        let child = try spawn(SpawnRequest(arguments: [testWorker, "fds"], descriptors: placed))
        let expected = try placed.enumerated().map { "\($0) \(try linkTarget("/proc/self/fd/\($1)"))" }
        let text = try pipe.closeWriting().readText()
        #expect(try waitForExit(child.pidfd) == .exited(code: 0))
        #expect(text.split(separator: "\n").map(String.init) == expected)
    }

    @Test("descriptors can swap places with the standard streams", arguments: 0..<40 as Range<UInt64>)
    func swappedStandardStreams(seed: UInt64) throws {
        var generator = Generator(state: seed)
        // All sources are low numbers: the targets of each other.
        let pipe = try makePipe()
        var placed: [Int32] = [0, 1, 2, 0, 1, 2, 0, 1, 2].shuffled(using: &generator)
        placed[1] = pipe.writing.rawValue
        let expected = try placed.enumerated().map { "\($0) \(try linkTarget("/proc/self/fd/\($1)"))" }
        let child = try spawn(SpawnRequest(arguments: [testWorker, "fds"], descriptors: placed))
        let text = try pipe.closeWriting().readText()
        #expect(try waitForExit(child.pidfd) == .exited(code: 0))
        #expect(text.split(separator: "\n").map(String.init) == expected)
    }

    @Test("a descriptor that isn't open is an error that says which")
    func notOpen() throws {
        for index in [0, 1, 2, 3] {
            var placed: [Int32] = [0, 1, 2, 2]
            placed[index] = 1_000_000
            let error = spawnError(SpawnRequest(arguments: [testWorker, "fds"], descriptors: placed))
            #expect(error?.step == .descriptors)
            #expect(error?.errno == .badFileDescriptor)
            #expect(error?.object == "\(index)")
        }
    }

    /// The end of a pipe, which the kernel shows under a name that no other file has.
    private func makeFile() throws -> File {
        File(rawValue: try makePipe().closeWriting().release())
    }

    private final class File {
        let rawValue: Int32

        init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        deinit {
            close(rawValue)
        }
    }
}
