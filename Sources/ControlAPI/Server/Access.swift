import CLinux
import Cadre
import Processes
import Reactor
import Specification
import Supervision

/// What a client may do.
struct Access: Hashable, Sendable {
    enum Level: Hashable, Sendable {
        case none
        /// To look, and to change what belongs to some services, or to none.
        case partial(ServiceRights)
        case full
        /// Everything, if the request brings the token.
        case token(Token)

        /// To look.
        static let readOnly = Level.partial(ServiceRights([]))
    }

    let level: Level
    /// Whether it is root, or the supervisor's own user, and so could start any program itself.
    let isOwner: Bool
    /// A sentence for those who may not.
    let whoMay: String
    /// Who it is.
    var caller: Caller

    /// The services that it may command, once it is known that it may do anything at all.
    var rights: ServiceRights {
        switch level {
        case .none: ServiceRights([])
        case .partial(let rights): rights
        case .full, .token: .all
        }
    }
}

/// Who may do what on the unix socket, by the kernel's word on who connected (`SO_PEERCRED`, `SO_PEERGROUPS`).
struct UnixPolicy: Hashable, Sendable {
    private struct Group: Hashable {
        let name: String
        let number: UInt32

        init(_ name: String) throws {
            self.name = name
            number = try Credentials.groupID(name)
        }
    }

    /// Who has an entry in `[control.allow]`.
    private enum Holder: Hashable {
        case user(UInt32)
        case group(UInt32)
        case workers(of: String)

        init(_ holder: ControlGrant.Holder) throws(GrantError) {
            do throws(CredentialsError) {
                switch holder {
                case .user(let name): self = .user(try Credentials.userID(name))
                case .group(let name): self = .group(try Credentials.groupID(name))
                case .workers(let service): self = .workers(of: service)
                }
            } catch {
                throw GrantError(holder: holder, error: error)
            }
        }
    }

    private let group: Group?
    private let readOnlyGroup: Group?
    private var grants: [Holder: [NamePattern]] = [:]

    /// Looks users and groups up.
    init(_ control: ControlSpecification) throws {
        group = try control.group.map(Group.init)
        readOnlyGroup = try control.readOnlyGroup.map(Group.init)
        for grant in control.allow {
            let holder = try Holder(grant.holder)
            // Two names may stand for one user.
            grants[holder, default: []] += try grant.services.map { try NamePattern($0) }
        }
    }

    /// The group that the socket's file belongs to.
    var socketGroup: UInt32? { group?.number }

    /// The permissions of the socket's file. They can't tell more than one group, so with more to tell apart everybody
    /// may connect, and is told that he may not do more than that.
    var mode: UInt32 {
        if readOnlyGroup != nil || !grants.isEmpty { return 0o666 }
        return group == nil ? 0o600 : 0o660
    }

    /// What a peer may do; nobody knows one that couldn't be asked about.
    func access(of peer: ControlSocket.Peer?) -> Access {
        guard let peer else { return Access(level: .none, isOwner: false, whoMay: whoMay, caller: .unknown) }
        switch peer.origin {
        case .outside:
            return Access(
                level: level(of: peer), isOwner: isOwner(peer), whoMay: whoMay, caller: Caller(peer))
        case .worker(let service, _):
            // Whoever it runs as: a worker is there to serve, and whoever gets hold of it isn't to get hold of the rest.
            let level = grants[.workers(of: service)].map { Access.Level.partial(ServiceRights($0)) } ?? .none
            return Access(
                level: level, isOwner: false,
                whoMay: "you are a process of a worker of \(service), and what these may do is said by "
                    + "\"service:\(service)\" in [control.allow]", caller: Caller(peer))
        case .unknown, .unasked:
            return Access(
                level: .none, isOwner: false,
                whoMay: "the process that connected is gone, or can't be looked at, so it may have been a worker's",
                caller: Caller(peer))
        }
    }

    private func level(of peer: ControlSocket.Peer) -> Access.Level {
        if isOwner(peer) { return .full }
        if let group, peer.groups.contains(group.number) { return .full }
        let holders = [Holder.user(peer.user)] + Set(peer.groups).sorted().map { .group($0) }
        let granted = holders.compactMap { grants[$0] }
        if !granted.isEmpty { return .partial(ServiceRights(granted.flatMap(\.self))) }
        if let readOnlyGroup, peer.groups.contains(readOnlyGroup.number) { return .readOnly }
        return .none
    }

    private func isOwner(_ peer: ControlSocket.Peer) -> Bool { peer.user == 0 || peer.user == geteuid() }

    private var whoMay: String {
        let members = group.map { " and the members of the group \($0.name)" } ?? ""
        let full = geteuid() == 0 ? "root\(members) may" : "root, the user \(geteuid())\(members) may"
        return full + (readOnlyGroup.map { "; the members of the group \($0.name) may look, and change nothing" } ?? "")
    }
}

/// Somebody in `[control.allow]` who isn't there.
private struct GrantError: Error, CustomStringConvertible {
    let holder: ControlGrant.Holder
    let error: CredentialsError

    var description: String { "control.allow of \"\(holder)\": \(error); name another one, or leave it out" }
}
