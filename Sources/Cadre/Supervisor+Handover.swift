import CLinux
import ControlGroups
import Keeper
import Logging
import Reactor
import SystemPackage
import Systemd

/// Handing over to another supervisor with a keeper of its own.
extension Supervisor {
    /// Has the keeper give all it keeps to another keeper, as soon as ``depart()`` is called, and end with this process.
    /// Nothing of what runs is touched by that. If the other one doesn't take it, all goes on as before.
    ///
    /// - Parameter path: where that one listens, on a socket of type SOCK_SEQPACKET; absolute.
    /// - Throws: ``CommandError`` if there is no keeper, nobody listens there, or systemd would take the keeper's end for
    ///   that of the unit.
    public func handOver(toKeeperAt path: String) throws(CommandError) {
        try requireRunning()
        guard let keeper = options.keeper else {
            throw .conflict("this supervisor runs without a keeper, which could hand it over")
        }
        if keeper.isManaged || root.group.path.hasSuffix(".service") {
            throw .conflict(
                "this supervisor is that of a systemd unit, which would stop with it; "
                    + "use cadre upgrade for another program, and systemctl restart for another command line")
        }
        guard !isUpgrading, departure == nil else { throw .conflict("an upgrade is under way") }
        guard path.hasPrefix("/"), var address = UnixAddress(path: path) else {
            throw .invalid("\(path) is no absolute path of a socket")
        }
        do {
            let type = SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue
            let number = try systemCall("socket") { CLinux.socket(AF_UNIX, Int32(type), 0) }
            let connection = Shared(Descriptor(owning: number))
            try systemCall("connect", path) { address.connect(connection.value) }
            events.log(.notice, .upgrading, "handing over to another supervisor")
            prepareDeparture(.handOver(connection))
        } catch {
            throw .invalid("cannot hand over: \(error)")
        }
    }
}
