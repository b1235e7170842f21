import CCapabilities
import CLinux

/// Some of the capabilities that the kernel knows. See capabilities(7).
public struct CapabilitySet: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Bit n stands for capability n.
    public private(set) var bits: UInt64

    /// Those of these numbers.
    public init(bits: UInt64 = 0) { self.bits = bits }

    init(number: Int) { bits = 1 << UInt64(number) }

    /// A capability by its name, such as `CAP_CHOWN`.
    ///
    /// - Returns: nil for a name that the library of capabilities (cap_from_name(3)) doesn't know.
    public init?(name: String) {
        var number: cap_value_t = 0
        guard name.uppercased() == name, name.hasPrefix("CAP_"), cap_from_name(name, &number) == 0, number < 64 else {
            return nil
        }
        self.init(number: Int(number))
    }

    /// What this process may use, or take up again.
    public static var ofThisProcess: CapabilitySet {
        guard let capabilities = cap_get_proc() else { return CapabilitySet() }
        defer { cap_free(UnsafeMutableRawPointer(capabilities)) }
        var set = CapabilitySet()
        for number in 0..<64 {
            var value = CAP_CLEAR
            // Behind the last one that the library knows there is nothing.
            guard cap_get_flag(capabilities, cap_value_t(number), CAP_PERMITTED, &value) == 0 else { break }
            if value == CAP_SET { set.formUnion(CapabilitySet(number: number)) }
        }
        return set
    }

    /// Gives up the calling thread's bounding set, once and for all, so that the processes without capabilities which it
    /// starts needn't do that each. Others are started by another thread from now on, and nothing else changes.
    ///
    /// It does nothing if this process may not, or has no room for a thread.
    public static func giveUpBoundingSetOfThread() {
        guard Capability.setProcessCapabilities.isEffective else { return }
        cadre_give_up_bounding_set()
    }

    /// Whether there are none.
    public var isEmpty: Bool { bits == 0 }

    /// Adds those of another set.
    public mutating func formUnion(_ other: CapabilitySet) { bits |= other.bits }

    /// Those that another set lacks.
    public func subtracting(_ other: CapabilitySet) -> CapabilitySet { CapabilitySet(bits: bits & ~other.bits) }

    /// Their names, by number; one that the library doesn't know is its number.
    public var names: [String] {
        (0..<64).filter { bits >> UInt64($0) & 1 == 1 }.map { number in
            guard let name = cap_to_name(cap_value_t(number)) else { return "\(number)" }
            defer { cap_free(name) }
            return String(cString: name).uppercased()
        }
    }

    /// Such as `CAP_CHOWN CAP_KILL`.
    public var description: String { names.joined(separator: " ") }
}
