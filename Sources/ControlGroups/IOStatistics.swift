public import Reactor

/// `io.stat`: what a cgroup and all below it read and wrote, summed over all block devices.
public struct IOStatistics: Hashable, Sendable, Codable {
    /// `rbytes`.
    public var readBytes: UInt64 = 0
    /// `wbytes`.
    public var writtenBytes: UInt64 = 0
    /// `rios`: read operations.
    public var reads: UInt64 = 0
    /// `wios`: write operations.
    public var writes: UInt64 = 0

    /// Reads the text of `io.stat`, whose lines are `MAJOR:MINOR rbytes=N wbytes=N …`.
    public init(parsing text: Span<UInt8>) {
        // Word by word rather than line by line, as some kernels leave the newline of a device without figures out.
        var place = 0
        while place < text.count {
            if text.starts(with: "rbytes=", at: place) {
                readBytes &+= text.nextNumber(&place) ?? 0
            } else if text.starts(with: "wbytes=", at: place) {
                writtenBytes &+= text.nextNumber(&place) ?? 0
            } else if text.starts(with: "rios=", at: place) {
                reads &+= text.nextNumber(&place) ?? 0
            } else if text.starts(with: "wios=", at: place) {
                writes &+= text.nextNumber(&place) ?? 0
            }
            while let byte = text.byte(at: place), byte > UInt8(ascii: " ") { place += 1 }
            place += 1
        }
    }
}

extension ControlGroup {
    /// What was read and written; nil without the io controller.
    public func ioStatistics() throws(SystemCallError) -> IOStatistics? {
        try withBytes(ofOptional: "io.stat") { IOStatistics(parsing: $0) }
    }
}
