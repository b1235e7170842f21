import Cadre
import ControlAPI
import Glibc
import Processes
import Reactor
import Testing

/// A core that hangs, which its keeper finds out.
@Suite(.needsControlGroups) struct CoreWatchdogTests {
    @Test("a supervisor that hangs is killed and followed by another; workers are not touched, and it is told why")
    func hang() throws {
        try withSupervisor(service("web", "sleep", workers: 3), options: ["--core-watchdog", "1s"]) { supervisor in
            let workers = try (0..<3).map { try supervisor.ready("web/\($0)") }
            let hung = try supervisor.supervisor()
            let witness = try Witness(hung)
            kill(hung, SIGSTOP)
            try supervisor.expect("cadre: the supervisor does not answer and is killed")
            #expect(try witness.sawEnd())
            try supervisor.expect("going on with 3 running workers, as the supervisor before hung and was killed")
            let status = try supervisor.status()
            #expect(status.services[0].workers.map(\.pid) == workers && status.supervisor != hung)
            #expect(status.services[0].workers.allSatisfy { $0.restarts == 0 })
            let about = try supervisor.ask { try await $0.about() }
            #expect(about.startReason == "hang" && about.startCause == "gave no sign of life and was killed")
        }
    }

    @Test("one that stopped together with its keeper, as a frozen container does, is not taken for hung")
    func both() throws {
        try withSupervisor(service("web", "sleep"), options: ["--core-watchdog", "1s"]) { supervisor in
            try supervisor.ready("web/0")
            let pid = try supervisor.supervisor()
            kill(supervisor.keeper, SIGSTOP)
            kill(pid, SIGSTOP)
            // As long as it would take for it to be killed; there is nothing to wait for.
            try run(["/bin/sleep", "8"])
            kill(supervisor.keeper, SIGCONT)
            kill(pid, SIGCONT)
            try run(["/bin/sleep", "2"])
            #expect(try supervisor.status().supervisor == pid)
        }
    }

    @Test("with 0 nobody looks")
    func off() throws {
        try withSupervisor(service("web", "sleep"), options: ["--core-watchdog", "0"]) { supervisor in
            let worker = try supervisor.ready("web/0")
            let pid = try supervisor.supervisor()
            kill(pid, SIGSTOP)
            try run(["/bin/sleep", "2"])
            kill(pid, SIGCONT)
            #expect(try supervisor.status().supervisor == pid)
            // It is known to be up all the same.
            try supervisor.replace()
            #expect(try supervisor.worker("web/0").pid == worker)
        }
    }

    @Test("an option that can't be meant is refused", arguments: ["10ms", "-1s", "soon"])
    func wrong(value: String) throws {
        let (code, output) = try run([Machine.cadre, "supervise", "--core-watchdog=\(value)"])
        #expect(code == 64 && output.contains("--core-watchdog"), "\(output)")
    }
}
