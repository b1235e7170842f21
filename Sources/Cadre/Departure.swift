import Keeper
import Logging
import Reactor
import Systemd

/// What ends this process without ending what runs, and so waits until whoever asked for it has been answered.
enum Departure {
    /// Another program takes this one's place; its path, and it opened.
    case upgrade(path: String, Shared<Descriptor>)
    /// The keeper gives all to another one, over this connection.
    case handOver(Shared<Descriptor>)

    /// Whoever isn't answered within this time never will be.
    static let longestAnswer = Duration.seconds(5)
    /// What others have asked for by then is answered within this time, or cut off.
    static let farewell = Duration.milliseconds(200)
}

extension Supervisor {
    /// Has this done as soon as ``depart()`` is called.
    func prepareDeparture(_ next: Departure) {
        let timer = reactor.schedule(at: Reactor.now + Departure.longestAnswer) { [unowned self] in depart() }
        departure = (next, timer)
    }

    /// Does what was asked for with ``upgrade(to:)`` or ``handOver(toKeeperAt:)``, a moment later. To be called when whoever
    /// asked has been answered; without that it is done after five seconds.
    public func depart() {
        guard let (next, timer) = departure else { return }
        reactor.cancel(timer)
        departure = (next, reactor.schedule(at: Reactor.now + Departure.farewell) { [unowned self] in leave() })
    }

    private func leave() {
        guard let (next, _) = departure, let keeper = options.keeper else { return }
        departure = nil
        writeState()
        do throws(SystemCallError) {
            switch next {
            case .upgrade(_, let program): try keeper.handOver(to: program.value)
            case .handOver(let connection): try keeper.handOver(toKeeperAt: connection.value)
            }
        } catch {
            switch next {
            case .upgrade(let path, _):
                isUpgrading = false
                events.log(.error, .trouble, "cannot upgrade to \(path): \(error)")
            case .handOver: events.log(.error, .trouble, "cannot hand over: \(error)")
            }
        }
    }
}
