import ArgumentParser
import CLinux
import ControlAPI
import Glibc
import Keeper
import Processes
import Reactor
import SystemPackage

/// Taking over what another supervisor runs (`cadre supervise --takeover`).
///
/// This process, which is going to be a keeper and has but one thread, listens; a child asks the other supervisor to hand
/// over, with all that such a request takes.
final class Takeover {
    private let path: String
    private let listener: Descriptor

    /// Asks the supervisor with a runtime directory to hand over.
    ///
    /// - Returns: nil if there is none.
    /// - Throws: the exit code of the child that asked, which has said why.
    static func begin(_ runtimeDirectory: String) throws -> Takeover? {
        let socket = RuntimeDirectory.socket(in: runtimeDirectory)
        guard access(socket, F_OK) == 0 else { return nil }
        let directory = try resolve(runtimeDirectory)
        let takeover = try Takeover("\(directory)/takeover-\(getpid())")
        let child = try spawn(
            SpawnRequest(
                arguments: [CommandLine.arguments[0], "hand-over", "--socket", socket, takeover.path],
                program: "/proc/self/exe", environment: Foreground.keptEnvironment()))
        var status: Int32 = 0
        try systemCall("waitpid") { waitpid(child.pid, &status, 0) }
        switch ProcessExit(waitStatus: status) {
        case .exited(code: 0): return takeover
        case .exited(code: Failure.noSupervisor.rawValue): return nil
        case .exited(let code): throw ExitCode(code)
        default: throw Failure.failed
        }
    }

    private init(_ path: String) throws {
        guard var address = UnixAddress(path: path) else {
            throw ValidationError("\(path) is longer than the address of a socket may be; use a shorter directory")
        }
        self.path = path
        let type = SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue
        listener = Descriptor(owning: try systemCall("socket") { socket(AF_UNIX, Int32(type), 0) })
        // It is for who runs the other supervisor alone, who may be another user only if this one is root.
        let mask = umask(0o177)
        defer { umask(mask) }
        unlink(path)
        try systemCall("bind", path) { address.bind(listener) }
        try systemCall("listen", path) { listen(listener.rawValue, 1) }
    }

    deinit { unlink(path) }

    /// Gives a keeper all that the other one hands over; when this returns that one has ended.
    func finish(_ keeper: Keeper) throws {
        // Who was asked has connected before it answered.
        let number = try systemCall("accept", path) { cadre_accept(listener.rawValue, Int32(SOCK_CLOEXEC.rawValue)) }
        // This process doesn't end as a program does that returns from main.
        unlink(path)
        try keeper.takeOver(from: Descriptor(owning: number))
    }

    private static func resolve(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw SystemCallError(call: "realpath", object: path, errno: Errno(rawValue: errno))
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// `cadre hand-over`: what a supervisor that takes over runs as its child.
struct HandOverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hand-over", abstract: "Ask a supervisor to hand over to another one.", shouldDisplay: false)

    @Argument(help: "Where the other one's keeper listens.")
    var path: String

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        try socketOption.runClient { client in
            do {
                try await client.handOver(toKeeperAt: path)
            } catch ControlError.nobody {
                throw Failure.noSupervisor
            }
        }
    }
}
