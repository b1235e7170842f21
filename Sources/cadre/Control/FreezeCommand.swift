import ArgumentParser
import Cadre

/// `cadre freeze`
struct FreezeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Freeze workers that are ready: none of their processes runs until they are thawed.",
        discussion: """
            The kernel does it (cgroup.freeze), so that the processes can neither prevent nor notice it. The watchdog of a \
            frozen worker stands still.
            """)

    @OptionGroup var target: NamesArgument
    @OptionGroup var waitOptions: WaitOptions
    @OptionGroup var socketOption: SocketOption

    func run() throws {
        WorkerCommand.freeze.perform(on: target.names, "freezing", "frozen", waitOptions, socketOption)
    }
}
