import ControlGroups
import Processes
import Supervision

/// What is kept of a worker beyond its incarnations.
struct WorkerRecord {
    /// The processor time of the incarnations that are gone, in microseconds.
    private(set) var userMicroseconds: UInt64 = 0
    private(set) var systemMicroseconds: UInt64 = 0
    private(set) var usageMicroseconds: UInt64 = 0
    /// The last end that nobody commanded.
    var lastExit: ExitSnapshot?

    /// Adds what an incarnation used that is gone.
    mutating func add(_ statistics: CPUStatistics) {
        userMicroseconds += statistics.userMicroseconds
        systemMicroseconds += statistics.systemMicroseconds
        usageMicroseconds += statistics.usageMicroseconds
    }
}

extension ExitSnapshot {
    init(_ end: End, memoryPeak: UInt64?) {
        self.init(reason: end.reason.rawValue, memoryPeakBytes: memoryPeak)
        switch end.exit {
        case .code(let code): self.code = code
        case .signal(let signal, _): self.signal = "\(Signal(rawValue: signal))"
        case .unknown, nil: break
        }
    }

    /// In a word or two, as in a table: `oom-kill`, `exit 1`, `SIGSEGV`.
    public var description: String {
        switch EndReason(rawValue: reason) {
        case .exit: code.map { "exit \($0)" } ?? signal ?? reason
        case .signal: signal ?? reason
        case .oomKill, .memoryHigh, .readyTimeout, .watchdog, .replaced, .stopped, .spawn, nil: reason
        }
    }
}
