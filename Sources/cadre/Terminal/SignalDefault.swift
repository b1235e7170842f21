import Glibc

/// What a process does by itself at a signal, for one that blocks the signal to hear of it first.
enum SignalDefault {
    /// Does it: ends the process, or stops it and returns when it goes on.
    static func perform(_ number: Int32) {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        raise(number)
        // It is delivered here.
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }
}
