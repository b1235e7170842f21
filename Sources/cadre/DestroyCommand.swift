import ArgumentParser
import Cadre
import ControlAPI
import ControlGroups
import Glibc
import Reactor
import Systemd

/// `cadre destroy`
struct DestroyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Stop everything and remove all that Cadre made: processes, cgroups, sockets.",
        discussion: """
            It stops the supervisor with all its workers, and kills and removes what supervisors of this user left \
            behind that died. Other supervisors that live are left alone. It asks before.

            With --socket it concerns the supervisor with that socket only, alive or dead.
            """)

    @Option(
        help: ArgumentHelp(
            "The supervisor's control socket.",
            discussion: "Without it: $CADRE_SOCKET; else the user's own supervisor; else the user's only cadre run.",
            valueName: "path"),
        completion: .file())
    var socket: String?

    @Flag(name: [.short, .long], help: "Don't ask.")
    var yes = false

    func run() throws {
        let named = socket ?? getenv("CADRE_SOCKET").map { String(cString: $0) }
        let path = named ?? ownSocket
        let directory = named.map(Self.directory(of:)) ?? RuntimeDirectory.standard
        let supervisor = try living(at: path)
        let remains = try Failure.reporting { try Remains.find(in: directory, onlyThat: named != nil) }
        guard supervisor != nil || !remains.isEmpty else {
            try refuseSilentOne(named, remains)
            print(named.map { "nothing is left of a supervisor at \($0)" } ?? "nothing of Cadre's is left")
            return tellOfLiving(remains, except: nil)
        }
        try confirm(supervisor, remains)
        if let supervisor {
            try waitForClient(path) { client in try await client.shutDown() }
            print("stopped the supervisor \(supervisor.pid) and all that it ran")
        }
        let left = try Failure.reporting { try Remains.find(in: directory, onlyThat: named != nil) }
        var hasFailed = false
        left.remove { sentence, isRemoved in
            if isRemoved {
                print(sentence)
            } else {
                hasFailed = true
                printError("cadre: \(sentence)")
            }
        }
        tellOfLiving(left, except: supervisor)
        if hasFailed { throw Failure.failed }
    }

    // MARK: What there is

    private struct Living {
        let pid: Int32
        let summary: String
    }

    /// Never the system's supervisor if this isn't root: that one has to be named.
    private var ownSocket: String {
        let own = RuntimeDirectory.socket(in: RuntimeDirectory.standard)
        if access(own, F_OK) == 0 { return own }
        let runs = RuntimeDirectory.runSockets(in: RuntimeDirectory.standard)
        return runs.count == 1 ? runs[0] : own
    }

    private static func directory(of socket: String) -> String {
        guard let slash = socket.lastIndex(of: "/") else { return "." }
        return slash == socket.startIndex ? "/" : String(socket[..<slash])
    }

    private func living(at path: String) throws -> Living? {
        do {
            return try waitFor {
                let snapshot = try await ControlClient(path: path).status(withStatistics: false)
                return Living(pid: snapshot.supervisor, summary: snapshot.summary)
            }
        } catch ControlError.nobody {
            return nil
        } catch {
            throw Failure.report(error)
        }
    }

    private func waitForClient(_ path: String, _ body: @escaping @Sendable (ControlClient) async throws -> Void) throws
    {
        try Failure.reporting { try waitFor { try await body(ControlClient(path: path)) } }
    }

    /// A named supervisor that lives and has no socket any more can't be told to stop.
    private func refuseSilentOne(_ named: String?, _ remains: Remains) throws {
        guard let named, let place = remains.living.first else { return }
        printError(
            "cadre: the supervisor \(place.mark.supervisor) lives and does not listen at \(named); it may be starting or "
                + "stopping; if it hangs, kill it (kill -9 \(place.mark.supervisor)) and try again")
        throw Failure.failed
    }

    private func tellOfLiving(_ remains: Remains, except supervisor: Living?) {
        for place in remains.living where place.mark.supervisor != supervisor?.pid {
            print(
                "left alone: the supervisor \(place.mark.supervisor), which lives "
                    + "(cadre destroy --socket \(RuntimeDirectory.socket(in: place.mark.runtimeDirectory)))")
        }
    }

    // MARK: Asking

    private func confirm(_ supervisor: Living?, _ remains: Remains) throws {
        if yes { return }
        guard isatty(0) == 1 else {
            printError("cadre: there is no terminal to ask on; say --yes to destroy everything")
            throw ExitCode.validationFailure
        }
        print("This is going to be stopped and removed:")
        if let supervisor { print("  the supervisor \(supervisor.pid) with \(supervisor.summary)") }
        for place in remains.roots {
            print("  what the supervisor \(place.mark.supervisor), which died, left in \(SafeText.clean(place.path))")
        }
        for socket in remains.sockets { print("  the socket \(SafeText.clean(socket))") }
        print("Go on? [y/N] ", terminator: "")
        fflush(nil)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            print("nothing was destroyed")
            throw Failure.failed
        }
    }
}
