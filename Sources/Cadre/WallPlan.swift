import Processes
import Specification

/// The walls of one incarnation, from what its specification says.
struct WallPlan {
    /// Where what concerns this incarnation is.
    struct Place {
        /// The supervisor's runtime directory, of which workers see nothing but what is theirs.
        var runtimeDirectory: String
        /// This one's socket for notifications, which is in there.
        var notifications: String
        /// The directory of this one's credentials, which is in there, too; nil if it has none.
        var credentials: String?
        /// The directory of the incarnation's cgroup.
        var controlGroup: String
    }

    private let sandbox: SandboxSpecification
    private let stage: String
    private let place: Place
    private let expand: (String) -> String

    /// - Parameters:
    ///   - stage: the program that puts the walls up.
    ///   - expand: what templates become for the worker.
    init(_ sandbox: SandboxSpecification, stage: String, at place: Place, expand: @escaping (String) -> String) {
        self.sandbox = sandbox
        self.stage = stage
        self.place = place
        self.expand = expand
    }

    /// The walls, without those of the given kinds.
    func walls(
        without omitted: Set<WallKind>, filter: (SystemCallFilter) throws -> SystemCallProgram
    ) rethrows -> Walls {
        var walls = Walls(stage: stage)
        if !omitted.contains(.mounts) { walls.mounts = mounts }
        walls.hasPrivateNetwork = sandbox.privateNetwork && !omitted.contains(.network)
        walls.landlock = landlock(without: omitted)
        if !sandbox.systemCallFilter.isEmpty, !omitted.contains(.systemCalls) {
            let number = sandbox.systemCallErrorNumber.flatMap { SystemCallFilter.errorNumber(named: $0) }
            walls.filter = try filter(SystemCallFilter(sandbox.systemCallFilter, errorNumber: number))
        }
        return walls
    }

    private var mounts: [Walls.Mount] {
        guard sandbox.hasMounts else { return [] }
        var mounts = system + home
        if sandbox.privateTmp { mounts += [.init("/tmp", .temporary), .init("/var/tmp", .temporary)] }
        if sandbox.privateDevices { mounts.append(.init("/dev", .devices)) }
        if sandbox.protectControlGroups {
            mounts.append(.init("/sys/fs/cgroup", .readOnly, mayBeMissing: true))
            mounts.append(.init(place.controlGroup, .readOnly))
        }
        for (paths, kind) in [
            (sandbox.readOnlyPaths, Walls.Mount.Kind.readOnly), (sandbox.readWritePaths, .keep),
            (sandbox.inaccessiblePaths, .inaccessible),
        ] {
            for path in paths.map(SandboxPath.init(_:)) {
                mounts.append(.init(expand(path.path), kind, mayBeMissing: path.mayBeMissing))
            }
        }
        // The control socket and what is others' are not in it any more, whoever the worker's user is.
        mounts.append(.init(place.runtimeDirectory, .empty))
        return mounts + ([place.notifications] + own).map { .init($0, .keep) }
    }

    private var own: [String] { place.credentials.map { [$0] } ?? [] }

    /// See "ProtectSystem=" in systemd.exec(5).
    private var system: [Walls.Mount] {
        let system: [Walls.Mount] = [
            .init("/usr", .readOnly), .init("/boot", .readOnly, mayBeMissing: true),
            .init("/efi", .readOnly, mayBeMissing: true),
        ]
        switch sandbox.protectSystem {
        case .none: return []
        case .system: return system
        case .full: return system + [.init("/etc", .readOnly)]
        case .strict:
            let kernels = (sandbox.privateDevices ? [] : ["/dev"]) + ["/proc", "/sys"]
            return [.init("/", .readOnly)] + kernels.map { .init($0, .keep) }
        }
    }

    /// See "ProtectHome=" there.
    private var home: [Walls.Mount] {
        let kind: Walls.Mount.Kind
        switch sandbox.protectHome {
        case .none: return []
        case .inaccessible: kind = .inaccessible
        case .readOnly: kind = .readOnly
        case .tmpfs: kind = .empty
        }
        return ["/home", "/root", "/run/user"].map { .init($0, kind, mayBeMissing: true) }
    }

    private func landlock(without omitted: Set<WallKind>) -> LandlockRules? {
        guard let landlock = sandbox.landlock else { return nil }
        var rules = LandlockRules()
        if landlock.hasPaths, !omitted.contains(.landlockPaths) {
            rules.paths =
                paths(landlock.readOnly, .read) + paths(landlock.readWrite, .write) + paths(landlock.execute, .execute)
                + own.map { .init($0, .read) }
        }
        if !omitted.contains(.landlockPorts) {
            rules.bindPorts = landlock.tcpBind
            rules.connectPorts = landlock.tcpConnect
        }
        if !omitted.contains(.landlockScopes) { rules.scoped = Set(landlock.scoped) }
        return rules == LandlockRules() ? nil : rules
    }

    private func paths(_ paths: [String], _ access: LandlockRules.Access) -> [LandlockRules.Path] {
        paths.map(SandboxPath.init(_:)).map { .init(expand($0.path), access, mayBeMissing: $0.mayBeMissing) }
    }
}
