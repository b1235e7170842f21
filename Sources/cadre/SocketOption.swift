import ArgumentParser
import ControlAPI
import Glibc

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
                /run/cadre/control.sock.
                """,
            valueName: "path"),
        completion: .file())
    var socket: String?

    var path: String {
        if let socket { return socket }
        if let socket = getenv("CADRE_SOCKET") { return String(cString: socket) }
        let own = RuntimeDirectory.socket(in: RuntimeDirectory.standard)
        let system = "/run/cadre/control.sock"
        return access(own, F_OK) == 0 || access(system, F_OK) != 0 ? own : system
    }

    var client: ControlClient { ControlClient(path: path) }
}
