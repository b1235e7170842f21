public import Reactor

/// How long tasks of a cgroup waited for a resource: `cpu.pressure`, `memory.pressure` or `io.pressure`.
///
/// See the kernel's Documentation/accounting/psi.rst.
public struct PressureStatistics: Hashable, Sendable, Codable {
    /// Time in which at least one task waited.
    public var some: Stall
    /// Time in which all tasks waited; nil for cpu before Linux 5.13.
    public var full: Stall?

    /// One line of a pressure file.
    public struct Stall: Hashable, Sendable, Codable {
        /// The share of the last 10 seconds, in percent.
        public var average10: Double
        /// The share of the last 60 seconds, in percent.
        public var average60: Double
        /// The share of the last 300 seconds, in percent.
        public var average300: Double
        /// All of it so far, in microseconds.
        public var totalMicroseconds: UInt64
    }

    /// Reads the text of a pressure file; nil if it has no `some` line.
    public init?(parsing text: Span<UInt8>) {
        guard let some = Stall("some ", text) else { return nil }
        self.some = some
        full = Stall("full ", text)
    }
}

extension PressureStatistics.Stall {
    /// Reads the line that begins with `kind`: `some avg10=0.12 avg60=0.00 avg300=0.00 total=5123`.
    init?(_ kind: StaticString, _ text: Span<UInt8>) {
        var place = 0
        while !text.starts(with: kind, at: place) {
            if place >= text.count { return nil }
            text.skipLine(&place)
        }
        self.init(average10: 0, average60: 0, average300: 0, totalMicroseconds: 0)
        while let byte = text.byte(at: place), byte != UInt8(ascii: "\n") {
            if text.starts(with: "avg10=", at: place) {
                average10 = text.percentage(&place)
            } else if text.starts(with: "avg60=", at: place) {
                average60 = text.percentage(&place)
            } else if text.starts(with: "avg300=", at: place) {
                average300 = text.percentage(&place)
            } else if text.starts(with: "total=", at: place) {
                totalMicroseconds = text.nextNumber(&place) ?? 0
            } else {
                place += 1
            }
        }
    }
}

extension Span<UInt8> {
    /// The figure behind the next `=`; the kernel always prints two decimals.
    fileprivate func percentage(_ place: inout Int) -> Double {
        while let byte = byte(at: place), byte != UInt8(ascii: "=") { place += 1 }
        let whole = nextNumber(&place) ?? 0
        let hundredths = byte(at: place) == UInt8(ascii: ".") ? nextNumber(&place) ?? 0 : 0
        return Double(whole) + Double(hundredths) / 100
    }
}

extension ControlGroup {
    /// How long tasks waited for a resource; nil if the kernel doesn't account it, as with `psi=0`.
    ///
    /// These files do not depend on the controller of the same name. There is none for pids.
    public func pressure(_ resource: Controller) throws(SystemCallError) -> PressureStatistics? {
        try withBytes(ofOptional: "\(resource.rawValue).pressure") { PressureStatistics(parsing: $0) } ?? nil
    }
}
