import CLinux
import Reactor
public import SystemPackage

/// Which cgroup is to be the delegated root.
public enum RootChoice: Hashable, Sendable {
    /// This one; it was given to us.
    case delegated(String)
    /// A transient scope with `Delegate=yes`, which systemd has to be asked for.
    case askSystemdForScope
    /// A child, made for this run, of this cgroup; there is no systemd whose business that were.
    case makeSubgroup(of: String)
    /// None; the sentence says why and what to do.
    case impossible(ControlGroupError)
}

/// What the choice of a delegated root rests on.
public struct RootFacts: Hashable, Sendable {
    /// The cgroup that the user named, if any.
    public var explicit: Candidate?
    /// The cgroup that we are in, or why it cannot be told.
    public var own: Result<Candidate, ControlGroupError>
    /// The cgroup above that; nil if it is not to be seen.
    public var parent: Candidate?
    /// Whether systemd runs as the system's manager (sd_booted(3)).
    public var isSystemdRunning: Bool

    /// A cgroup that may become the root.
    public struct Candidate: Hashable, Sendable {
        /// Its absolute path.
        public var path: String
        /// Whether systemd marked it as delegated.
        public var isDelegated: Bool
        /// Why we may not make cgroups and move processes there; nil if we may.
        public var writeError: Errno?

        /// A candidate.
        public init(path: String, isDelegated: Bool = false, writeError: Errno? = nil) {
            self.path = path
            self.isDelegated = isDelegated
            self.writeError = writeError
        }
    }

    /// Facts as they are given.
    public init(
        explicit: Candidate? = nil, own: Result<Candidate, ControlGroupError>, parent: Candidate? = nil,
        isSystemdRunning: Bool
    ) {
        self.explicit = explicit
        self.own = own
        self.parent = parent
        self.isSystemdRunning = isSystemdRunning
    }

    /// Chooses: what was named; else what was delegated; else systemd's help; else what is ours to change anyway.
    public func chooseRoot() -> RootChoice {
        if let explicit {
            return explicit.problem.map { .impossible($0) } ?? .delegated(explicit.path)
        }
        switch own {
        case .failure(let error):
            return .impossible(error)
        case .success(let own):
            if own.isDelegated, own.problem == nil { return .delegated(own.path) }
            // With DelegateSubgroup=, or under our keeper, we start in a leaf below the cgroup that is delegated. But what
            // bears a unit's name is systemd's own: the parent of init.scope is delegated to the user's manager, not to us.
            if let parent, parent.isDelegated, parent.problem == nil, !own.isUnit { return .delegated(parent.path) }
            if isSystemdRunning { return .askSystemdForScope }
            return own.problem.map { .impossible($0) } ?? .makeSubgroup(of: own.path)
        }
    }
}

extension RootFacts.Candidate {
    /// What speaks against it as a sentence; nil if it can be used.
    fileprivate var problem: ControlGroupError? {
        writeError.map {
            ControlGroupError.access(SystemCallError(call: "access", object: path, errno: $0), path: path)
        }
    }

    fileprivate var isUnit: Bool {
        [".service", ".scope", ".slice"].contains { path.hasSuffix($0) }
    }

    /// Looks at a cgroup.
    fileprivate init(at path: String) throws(ControlGroupError) {
        let group = try rethrowing { () throws(SystemCallError) in try ControlGroup.open(path) }
        let isMarked = try rethrowing { () throws(SystemCallError) in try group.isMarkedDelegated() }
        self.init(path: path, isDelegated: isMarked, writeError: group.writeError())
        // The mark that systemd 252 makes is for root's eyes alone. But without Delegate=yes it doesn't give the cgroup of
        // a service to its User=, and what a user's own manager has made lies in cgroups of that user's.
        if !isMarked, isUnit, geteuid() != 0 {
            isDelegated = group.isBoundaryOfUser()
        }
    }
}

extension RootFacts {
    /// Collects the facts about this process.
    ///
    /// - Parameter explicit: the absolute path of the cgroup that the user named.
    /// - Throws: if the named cgroup cannot be opened.
    public static func gather(explicit: String? = nil) throws(ControlGroupError) -> RootFacts {
        var named: Candidate?
        if let explicit { named = try Candidate(at: explicit) }
        var parent: Candidate?
        let own: Result<Candidate, ControlGroupError>
        do throws(ControlGroupError) {
            let path = try CgroupMount.ownCgroup()
            own = .success(try Candidate(at: path))
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                // It may well be no cgroup at all: the root of the hierarchy has no parent. It isn't delegated then.
                parent = try? Candidate(at: String(path[..<slash]))
            }
        } catch {
            own = .failure(error)
        }
        return RootFacts(
            explicit: named, own: own, parent: parent, isSystemdRunning: access("/run/systemd/system", F_OK) == 0)
    }
}

/// The user who owns an open file; nil if that can't be told.
private func owner(of descriptor: borrowing Descriptor) -> UInt32? {
    var status = stat()
    return fstat(descriptor.rawValue, &status) == 0 ? status.st_uid : nil
}

extension ControlGroup {
    /// Whether this cgroup belongs to this user, and the one above to root.
    fileprivate func isBoundaryOfUser() -> Bool {
        guard owner(of: directory) == geteuid(), let above = try? open("..", flags: O_DIRECTORY) else { return false }
        return owner(of: above) == 0
    }

    /// Why cgroups cannot be made, or processes not be moved, here; nil if they can.
    func writeError() -> Errno? {
        for file in [".", "cgroup.procs"] {
            do {
                try systemCall("faccessat", path) { faccessat(directory.rawValue, file, W_OK, AT_EACCESS) }
            } catch {
                return error.errno
            }
        }
        return nil
    }
}
