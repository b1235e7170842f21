import CLinux
import ControlGroups
import Logging
import Systemd

/// Finds the delegated root, or gets one, and takes it over.
///
/// What an earlier supervisor left there is killed and removed: it was ours, and nobody looks after it any more.
func takeRoot(_ options: Options, events: EventLog) throws -> DelegatedRoot {
    let root = try findRoot(options.root, mayAskSystemd: true)
    for name in try root.leftovers() {
        events.log(.warning, .leftovers, "killing what an earlier supervisor left in \(root.group.path)/\(name)")
        // By name, as another supervisor may have sockets in the same directory.
        for incarnation in try root.group.openChild(name).children() {
            unlink(options.notificationSocket(ofService: name, incarnation))
        }
        try root.clear(name, within: .seconds(10))
    }
    return root
}

private func findRoot(_ selection: Options.Root, mayAskSystemd: Bool) throws -> DelegatedRoot {
    let facts =
        switch selection {
        case .discovered: try RootFacts.gather()
        case .directory(let path): try RootFacts.gather(explicit: path)
        }
    switch facts.chooseRoot() {
    case .delegated(let path): return try DelegatedRoot.takeOver(path)
    case .makeSubgroup(let path): return try DelegatedRoot.make(in: path)
    case .impossible(let error): throw error
    case .askSystemdForScope:
        guard mayAskSystemd else {
            throw RootError.notDelegated
        }
        try TransientScope.enter(name: "cadre-\(getpid()).scope", description: "Cadre and its workers")
        return try findRoot(.discovered, mayAskSystemd: false)
    }
}

/// A delegated root that can't be had.
enum RootError: Error, CustomStringConvertible {
    case notDelegated

    var description: String {
        "systemd made a scope for this process but did not delegate its cgroup; start cadre from a unit with "
            + "Delegate=yes, or name a cgroup with --cgroup"
    }
}
