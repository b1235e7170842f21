import CLinux

/// Signals as events, through signalfd(2).
public struct SignalSource: ~Copyable, Sendable {
    /// Readable when a signal has come; to be watched by a ``Reactor``.
    public let descriptor: Descriptor

    /// Keeps `signals` from being delivered to the calling thread and to those that it starts from now on.
    ///
    /// To be called in `main`, before there are other threads: a signal goes to any thread that doesn't block it.
    public static func block(_ signals: [Int32]) {
        var set = signalSet(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Takes the signals from here on; they must be blocked (``block(_:)``).
    public init(_ signals: [Int32]) throws(SystemCallError) {
        var set = signalSet(signals)
        descriptor = Descriptor(
            owning: try systemCall("signalfd") {
                signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
            })
    }

    /// The next signal that has come, or nil.
    public borrowing func next() -> Int32? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return read(descriptor.rawValue, &information, size) == size ? Int32(information.ssi_signo) : nil
    }
}

private func signalSet(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    return set
}
