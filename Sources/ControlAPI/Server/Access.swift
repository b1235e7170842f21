import CLinux
import Processes
import Reactor

/// What a client may do.
struct Access: Hashable, Sendable {
    enum Level: Hashable, Sendable {
        case none
        /// To look.
        case readOnly
        case full
        /// Everything, if the request brings the token.
        case token(Token)
    }

    let level: Level
    /// Whether it is root, or the supervisor's own user, and so could start any program itself.
    let isOwner: Bool
    /// A sentence for those who may not.
    let whoMay: String
}

/// Who may do what on the unix socket, by the kernel's word on who connected (`SO_PEERCRED`, `SO_PEERGROUPS`).
struct UnixPolicy: Hashable, Sendable {
    private struct Group: Hashable {
        let name: String
        let number: UInt32

        init(_ name: String) throws {
            self.name = name
            number = try Credentials(user: "\(geteuid())", group: name).group
        }
    }

    private let group: Group?
    private let readOnlyGroup: Group?

    /// Looks the groups up.
    init(group: String?, readOnlyGroup: String?) throws {
        self.group = try group.map(Group.init)
        self.readOnlyGroup = try readOnlyGroup.map(Group.init)
    }

    /// The group that the socket's file belongs to.
    var socketGroup: UInt32? { group?.number }

    /// The permissions of the socket's file. They can't tell two groups apart, so with two of them everybody may
    /// connect, and is told that he may not do more than that.
    var mode: UInt32 {
        if readOnlyGroup != nil { return 0o666 }
        return group == nil ? 0o600 : 0o660
    }

    func access(of socket: borrowing Descriptor) -> Access {
        let peer = ControlSocket.peer(of: socket)
        return Access(level: level(of: peer), isOwner: peer.map(isOwner) ?? false, whoMay: whoMay)
    }

    private func level(of peer: ControlSocket.Peer?) -> Access.Level {
        guard let peer else { return .none }
        if isOwner(peer) { return .full }
        if let group, peer.groups.contains(group.number) { return .full }
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
