import ArgumentParser
import ControlAPI
import Glibc
import Reactor
import Specification

/// `cadre upgrade`
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Put another program in the supervisor's place, without touching what runs.",
        discussion: """
            The workers go on, with their sockets, and the new program takes them over where the old one left them. If \
            it doesn't come up the old one is started again, and the exit code is 1. What keeps the two, the main \
            process of the unit, stays the old program until the unit is restarted.

            How long that may take is an option of the supervisor (cadre supervise --core-start-timeout). Two upgrades \
            at once are refused, with the exit code 4.

            Only root and the supervisor's own user may name a program; without one it is the file that is now where \
            the supervisor's program was, such as a newer package has put there.
            """)

    @Argument(help: "The new program.", completion: .file())
    var binary: String?

    @Option(help: ArgumentHelp("How long to wait at the most.", valueName: "duration"))
    var timeout: Timeout?

    @OptionGroup var socketOption: SocketOption

    func run() throws {
        let program = try binary.map { try Self.absolute($0) }
        let limit = timeout?.duration ?? .seconds(180)
        let (path, about) = try socketOption.runClient { client in
            let result = try await client.upgrade(to: program)
            let deadline = ContinuousClock.now + limit
            while ContinuousClock.now < deadline {
                // While there is none at all nobody answers.
                if let about = try? await client.about(), about.pid != result.pid { return (result.program, about) }
                try await Task.sleep(for: .milliseconds(50))
            }
            printError("cadre: the supervisor isn't there again after \(DurationFormat.format(limit)); see its log")
            throw Failure.timedOut
        }
        let cause = about.startCause.map { " (it \($0))" } ?? ""
        guard about.startReason != "failed-upgrade" else {
            printError("cadre: \(path) did not come up as a supervisor\(cause), so the one before goes on")
            throw Failure.failed
        }
        guard about.startReason == "upgrade" else {
            printError("cadre: the supervisor was started again\(cause); what it is now is \(about.program)")
            throw Failure.failed
        }
        print("the supervisor is \(about.program) now (version \(about.version), pid \(about.pid))")
    }

    private static func absolute(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw ValidationError("there is no program \(path)")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
