import ArgumentParser
import Glibc
import Keeper
import Reactor

/// Where a supervisor keeps its sockets.
enum RuntimeDirectory {
    /// That of the supervisor that this user would start: what systemd made for the unit (`RuntimeDirectory=`),
    /// `/run/cadre` for root, and a place of the user's own otherwise.
    static var standard: String {
        if let directory = getenv("RUNTIME_DIRECTORY") { return String(cString: directory) }
        if geteuid() == 0 { return "/run/cadre" }
        if let directory = getenv("XDG_RUNTIME_DIR") { return "\(String(cString: directory))/cadre" }
        return "/tmp/cadre-\(geteuid())"
    }

    /// That of a `cadre run` which is this process.
    static var ofThisRun: String { "\(standard)/run-\(KeeperLink.isPresent ? getppid() : getpid())" }

    /// The sockets of each `cadre run` below a directory whose process lives.
    static func runSockets(in directory: String) -> [String] {
        let names = (try? Directory.names(at: directory)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("run-"), let pid = pid_t(name.dropFirst(4)), pid > 0,
                kill(pid, 0) == 0 || errno == EPERM
            else { return nil }
            return socket(in: "\(directory)/\(name)")
        }
    }

    /// The socket in a runtime directory.
    static func socket(in directory: String) -> String { "\(directory)/control.sock" }
}

/// Which supervisor a command is for.
struct SocketOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The supervisor's control socket.",
            discussion: """
                Without it: $CADRE_SOCKET; else the user's own supervisor if it is there, else that of the system, \
                /run/cadre/control.sock; else that of the user's only cadre run.
                """,
            valueName: "path"),
        completion: .file())
    var socket: String?

    var path: String { socket ?? Self.standardPath }

    /// That of the supervisor that is meant when none is named.
    static var standardPath: String {
        if let socket = getenv("CADRE_SOCKET") { return String(cString: socket) }
        let own = RuntimeDirectory.socket(in: RuntimeDirectory.standard)
        let system = "/run/cadre/control.sock"
        for path in [own, system] where access(path, F_OK) == 0 { return path }
        let runs = RuntimeDirectory.runSockets(in: RuntimeDirectory.standard)
        return runs.count == 1 ? runs[0] : own
    }
}
