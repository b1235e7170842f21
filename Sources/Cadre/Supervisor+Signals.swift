import CLinux
import Logging
import Reactor
import Systemd

/// Signals to this process, as commands.
extension Supervisor {
    /// Waits for signals: SIGHUP reloads, all others stop, and a second SIGINT kills.
    func watch(_ signals: consuming SignalSource) throws {
        let source = Shared(signals)
        _ = try reactor.watch(source.value.descriptor) { [unowned self] _ in
            while let signal = source.value.next() { received(signal) }
        }
    }

    private func received(_ signal: Int32) {
        switch signal {
        case SIGHUP: _ = try? apply()
        case SIGINT where phase == .stopping:
            events.log(.warning, .killing, "interrupted again: killing what is left")
            kill()
        default: stop()
        }
    }
}
