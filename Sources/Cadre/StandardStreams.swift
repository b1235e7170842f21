import CLinux
import Reactor
import SystemPackage

/// What a worker gets as its descriptors 0 to 2, while it is spawned.
///
/// These have been open since the beginning, so their numbers are low: that of the streams themselves may be in the
/// thousands, and up to there the kernel would copy the whole table of descriptors for the child.
final class StandardStreams {
    /// `/dev/null`, for reading and writing.
    let nullDevice: Descriptor
    let output: Descriptor
    let error: Descriptor
    private var areInUse = false

    init() throws(SystemCallError) {
        nullDevice = try Descriptor.open("/dev/null", flags: O_RDWR)
        output = try nullDevice.duplicate()
        error = try nullDevice.duplicate()
    }

    /// Makes `output` and `error` a worker's, until ``clear()``.
    func set(_ streams: borrowing WorkerLogs.Streams) throws(SystemCallError) {
        // What could not be cleared is not for the next one.
        try reset()
        areInUse = streams.goSomewhere
        try Self.replace(output, with: streams.output)
        try Self.replace(error, with: streams.error)
    }

    /// Leaves the worker alone in holding its streams open, so that their end shows.
    func clear() { try? reset() }

    private func reset() throws(SystemCallError) {
        guard areInUse else { return }
        try output.replace(with: nullDevice)
        try error.replace(with: nullDevice)
        areInUse = false
    }

    private static func replace(
        _ target: borrowing Descriptor, with stream: borrowing Descriptor?
    ) throws(SystemCallError) {
        switch stream {
        case .some(let stream): try target.replace(with: stream)
        case nil: break
        }
    }
}
