import CLinux

/// How a process ended.
public enum ProcessExit: Hashable, Sendable, Codable, CustomStringConvertible {
    /// It called exit(3) with this code, 0 to 255.
    case exited(code: Int32)
    /// A signal ended it.
    case signaled(signal: Int32, coreDumped: Bool)
    /// It is gone, and nobody can tell how: it wasn't our child, and the kernel is older than 6.15.
    case unknown

    /// Reads a status as of wait(2); -1 is for unknown.
    public init(waitStatus status: Int32) {
        self =
            switch (status, status & 0x7f) {
            case (-1, _): .unknown
            case (_, 0): .exited(code: status >> 8 & 0xff)
            case (_, let signal): .signaled(signal: signal, coreDumped: status & 0x80 != 0)
            }
    }

    /// A phrase such as `exited with code 1` or `killed by SIGSEGV, core dumped`.
    public var description: String {
        switch self {
        case .exited(let code):
            return "exited with code \(code)"
        case .signaled(let signal, let coreDumped):
            let name = cadre_signal_name(signal).map { "SIG" + String(cString: $0) } ?? "signal \(signal)"
            return "killed by \(name)\(coreDumped ? ", core dumped" : "")"
        case .unknown:
            return "ended in an unknown way"
        }
    }
}
