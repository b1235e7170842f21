import CLinux
public import ControlGroups
import Processes
import Reactor
import SystemPackage

/// What supervisors of this user that died left behind: their delegated roots, with the workers that run on, and sockets
/// that nobody listens on.
public struct Remains: Sendable {
    /// The roots of those that died.
    public var roots: [RootMark.Place] = []
    /// The roots of those that live, which are to be left alone.
    public var living: [RootMark.Place] = []
    /// The paths of sockets in runtime directories.
    public var sockets: [String] = []
    /// The directories in which those are.
    private var directories: [String] = []

    /// Whether there is nothing to be removed.
    public var isEmpty: Bool { roots.isEmpty && sockets.isEmpty && directories.isEmpty }

    /// Looks for what is left.
    ///
    /// - Parameters:
    ///   - directory: where supervisors of this user have their sockets, `/run/cadre`; `cadre run` has a directory of its
    ///     own in it.
    ///   - onlyThat: whether to look only for what used exactly that directory.
    /// - Throws: if `/proc` can't be read.
    public static func find(in directory: String, onlyThat: Bool) throws(ControlGroupError) -> Remains {
        let wanted = realPath(directory)
        var remains = Remains()
        var directories = onlyThat ? [wanted] : [wanted] + runDirectories(in: wanted)
        var stale: [(directory: String, sockets: [String])] = []
        var places: [RootMark.Place] = []
        // Before the marks: a supervisor marks its root before it makes a socket, so what is stale here and belongs to
        // none of the marks below isn't one that is just being made.
        let marked = try markedRoots()
        if !onlyThat { directories += marked.map(\.mark.runtimeDirectory).filter { !directories.contains($0) } }
        for directory in Set(directories).sorted() {
            stale.append((directory, staleSockets(in: directory)))
        }
        places = try markedRoots()
        for place in places where !onlyThat || place.mark.runtimeDirectory == wanted {
            if place.mark.isAlive { remains.living.append(place) } else { remains.roots.append(place) }
        }
        let inUse = Set(remains.living.map(\.mark.runtimeDirectory))
        for (directory, sockets) in stale where !inUse.contains(directory) {
            remains.sockets += sockets
            if !sockets.isEmpty || isOfDeadRun(directory) { remains.directories.append(directory) }
        }
        return remains
    }

    /// Kills and removes all of it.
    ///
    /// - Parameter report: is told what was removed, or why something wasn't: a sentence, and whether it was.
    public func remove(report: (String, _ isRemoved: Bool) -> Void) {
        for place in roots {
            do {
                report(try Self.remove(place), true)
            } catch ControlGroupError.locked {
                report("\(place.path) was taken over by another supervisor meanwhile, and is left alone", false)
            } catch ControlGroupError.system(let error) where error.errno == .noSuchFileOrDirectory {
                // It went by itself, as a scope of systemd's does without processes.
                report("\(place.path) is gone already", true)
            } catch {
                report("\(error)", false)
            }
        }
        for socket in sockets where Self.removeStaleSocket(socket) { report("removed the socket \(socket)", true) }
        for directory in directories {
            // They stay if somebody has something there.
            rmdir("\(directory)/notify")
            if Self.isOwn("\(directory)/credentials", Int32(S_IFDIR)) {
                CredentialDirectories(environment: [:], path: "\(directory)/credentials").removeAll(but: [])
                rmdir("\(directory)/credentials")
            }
            for name in ["state", "state.new"] where Self.isOwn("\(directory)/\(name)", Int32(S_IFREG)) {
                unlink("\(directory)/\(name)")
            }
            rmdir(directory)
        }
    }

    private static func remove(_ place: RootMark.Place) throws(ControlGroupError) -> String {
        let root = try AbandonedRoot(place.path)
        let children = try root.children()
        let isMade = root.mark.enabledAbove != nil
        try root.remove(within: .seconds(10))
        for path in children.flatMap(\.sockets) { _ = removeStaleSocket(path) }
        let services = children.map(\.name).filter { !DelegatedRoot.reservedNames.contains($0) }
        let processes = children.reduce(0) { $0 + $1.processes }
        let what = isMade ? "removed the cgroup \(place.path)" : "emptied the cgroup \(place.path)"
        guard !services.isEmpty else { return what }
        return "\(what) with \(services.joined(separator: ", ")) "
            + "(\(processes) process\(processes == 1 ? "" : "es") killed)"
    }

    // MARK: Sockets

    /// The directories that each `cadre run` has for itself.
    private static func runDirectories(in directory: String) -> [String] {
        let names = (try? Directory.names(at: directory)) ?? []
        return names.filter { $0.hasPrefix("run-") && Int32($0.dropFirst(4)) != nil }.map { "\(directory)/\($0)" }
    }

    /// Whether a directory is that of a `cadre run` whose process is no more.
    private static func isOfDeadRun(_ directory: String) -> Bool {
        let name = directory.split(separator: "/").last ?? ""
        guard name.hasPrefix("run-"), let pid = Int32(name.dropFirst(4)), pid > 0 else { return false }
        return kill(pid, 0) == -1 && cadre_errno() == ESRCH
    }

    private static func staleSockets(in directory: String) -> [String] {
        let names = { (path: String) in ((try? Directory.names(at: path)) ?? []).sorted().map { "\(path)/\($0)" } }
        // Not in a directory that another user could exchange under us.
        guard isOwn(directory, Int32(S_IFDIR)) else { return [] }
        return (["\(directory)/control.sock"] + names("\(directory)/notify")).filter(isStale)
    }

    private static func removeStaleSocket(_ path: String) -> Bool { isStale(path) && unlink(path) == 0 }

    /// Whether a socket of ours is at a path, and nobody behind it.
    private static func isStale(_ path: String) -> Bool {
        guard isOwn(path, Int32(S_IFSOCK)), var address = UnixAddress(path: path) else { return false }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let probe = Descriptor(owning: socket(AF_UNIX, type, 0))
        // One of another type that is alive answers EPROTOTYPE, one that has no time EAGAIN.
        return probe.rawValue >= 0 && address.connect(probe) == -1 && cadre_errno() == ECONNREFUSED
    }

    private static func isOwn(_ path: String, _ type: Int32) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & UInt32(S_IFMT) == UInt32(type)
            && status.st_uid == currentUser()
    }

    private static func markedRoots() throws(ControlGroupError) -> [RootMark.Place] {
        do {
            return try RootMark.findAll()
        } catch .notMounted {
            return []
        } catch {
            throw error
        }
    }
}

extension RootMark {
    /// Whether the supervisor that wrote it lives.
    var isAlive: Bool {
        (try? ProcessIdentity(of: supervisor)) == ProcessIdentity(pid: supervisor, startTime: startTime)
    }
}

/// A path without symbolic links; as it is if it leads nowhere.
func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
