import CLinux
import ControlGroups
import Keeper
import Logging
import Processes
import Systemd

/// Finds the delegated root, or gets one, and takes it over.
///
/// What an earlier supervisor left there is killed and removed: it was ours, and nobody looks after it any more.
func takeRoot(_ options: Options, events: EventLog) throws -> DelegatedRoot {
    let root = try findRoot(options.root, keeper: options.keeper?.keeper, events)
    for name in try root.leftovers() {
        events.log(.warning, .leftovers, "killing what an earlier supervisor left in \(root.group.path)/\(name)")
        // By name, as another supervisor may have sockets in the same directory.
        for incarnation in try root.group.openChild(name).children() {
            unlink(options.notificationSocket(ofService: name, incarnation))
            CredentialDirectories(environment: [:], path: options.credentialDirectory).remove("\(name).\(incarnation)")
        }
        try root.group.clear(name, within: .seconds(10))
    }
    do {
        // As long as there is a keeper, there will be a supervisor.
        let process = try ProcessIdentity(of: options.keeper?.keeper ?? getpid())
        try root.mark(
            RootMark(
                supervisor: process.pid, startTime: process.startTime,
                runtimeDirectory: realPath(options.runtimeDirectory)))
    } catch {
        events.log(
            .warning, .trouble,
            "if this supervisor is killed, cadre destroy won't find what it leaves in \(root.group.path): \(error)")
    }
    return root
}

private func findRoot(_ selection: Options.Root, keeper: Int32?, _ events: EventLog) throws -> DelegatedRoot {
    let facts =
        switch selection {
        case .discovered: try RootFacts.gather()
        case .directory(let path): try RootFacts.gather(explicit: path)
        }
    switch facts.chooseRoot() {
    case .delegated(let path): return try DelegatedRoot.takeOver(path, keeper: keeper)
    case .makeSubgroup(let path):
        for place in RootMark.find(in: path) where !place.mark.isAlive {
            events.log(
                .warning, .leftovers,
                "an earlier supervisor died and left \(place.path), where its workers may run on; "
                    + "cadre destroy removes it")
        }
        return try DelegatedRoot.make(in: path, keeper: keeper)
    case .impossible(let error): throw error
    case .askSystemdForScope:
        if let path = try delegatedByUserManager() { return try DelegatedRoot.takeOver(path, keeper: keeper) }
        try TransientScope.enter(
            name: "cadre-\(getpid()).scope", description: "Cadre and its workers", with: keeper.map { [$0] } ?? [])
        // Delegated, as we asked for it; a user's manager leaves no mark that says so.
        return try DelegatedRoot.takeOver(try CgroupMount.ownCgroup(), keeper: keeper)
    }
}

/// The cgroup of the user manager's unit that this process is in, if that is delegated.
private func delegatedByUserManager() throws -> String? {
    guard geteuid() != 0, let unit = UserUnit.delegatedControlGroup() else { return nil }
    // We may be in a leaf below it already.
    var path = try CgroupMount.ownCgroup()[...]
    while !path.isEmpty && !path.hasSuffix(unit) { path = path[..<(path.lastIndex(of: "/") ?? path.startIndex)] }
    return path.isEmpty ? nil : String(path)
}
