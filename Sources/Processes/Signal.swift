import CLinux

/// A signal by its number, with the names that kill(1) and systemd use.
///
/// The numbers are those of x86-64 and arm64, see signal(7).
public struct Signal: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number as the kernel takes it.
    public let rawValue: Int32

    /// The signal of this number, whether or not it has a name.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The signal called `name`: `TERM`, `SIGTERM`, `15`, `RTMIN+3`, `RTMAX-1`; nil if there is none.
    public init?(name: String) {
        let short = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
        if let index = Self.names.firstIndex(of: short) ?? Self.aliases[short].map({ Int($0) - 1 }) {
            self.init(rawValue: Int32(index + 1))
        } else if name.first != "+", let number = Int32(name), number > 0, number <= Self.realTime.upperBound {
            self.init(rawValue: number)
        } else if let number = Self.realTimeNumber(short), Self.realTime.contains(number) {
            self.init(rawValue: number)
        } else {
            return nil
        }
    }

    /// `SIGTERM`, `SIGRTMIN+3`, or the bare number of a signal without a name.
    public var name: String {
        if rawValue >= 1, rawValue <= Self.names.count { return "SIG\(Self.names[Int(rawValue) - 1])" }
        guard Self.realTime.contains(rawValue) else { return "\(rawValue)" }
        if rawValue == Self.realTime.lowerBound { return "SIGRTMIN" }
        if rawValue == Self.realTime.upperBound { return "SIGRTMAX" }
        return "SIGRTMIN+\(rawValue - Self.realTime.lowerBound)"
    }

    /// The same as ``name``.
    public var description: String { name }

    /// The signals that have a name of their own, by number; those for real time have not.
    public static var allNamed: [Signal] { names.indices.map { Signal(rawValue: Int32($0 + 1)) } }

    /// Names of the signals from 1 on.
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]

    /// Second names that signal(7) lists.
    private static let aliases: [String: Int32] = ["IOT": 6, "CLD": 17, "POLL": 29]

    /// The real-time signals that the C library leaves to programs (it keeps the first two for itself).
    private static let realTime = __libc_current_sigrtmin()...__libc_current_sigrtmax()

    /// The number that `RTMIN`, `RTMIN+n`, `RTMAX` or `RTMAX-n` stands for, in range or not.
    private static func realTimeNumber(_ name: String) -> Int32? {
        let (base, sign, rest): (Int32, Character, Substring) =
            if name.hasPrefix("RTMIN") {
                (realTime.lowerBound, "+", name.dropFirst(5))
            } else if name.hasPrefix("RTMAX") {
                (realTime.upperBound, "-", name.dropFirst(5))
            } else {
                (0, " ", "")
            }
        guard base > 0 else { return nil }
        if rest.isEmpty { return base }
        let digits = rest.dropFirst()
        guard rest.first == sign, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let offset = Int32(digits),
            offset <= 64
        else { return nil }
        return sign == "+" ? base + offset : base - offset
    }
}
