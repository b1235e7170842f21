import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("Cadre runs outside of the system's unit")
    struct Scopes {
        /// How `tester` runs a command that talks to the user's manager.
        private static let asTester = ["runuser", "-u", "tester", "--", "env", "XDG_RUNTIME_DIR=/run/user/1000"]
        private static let userGroup = "/user.slice/user-1000.slice/user@1000.service/app.slice"

        @Test("cadre run of root gets a scope of systemd's, where limits are in force, and leaves nothing behind")
        func root() throws {
            try expectScope(as: [], systemctl: ["systemctl"], in: "/system.slice")
        }

        @Test("cadre run of an ordinary user gets a scope of the user's manager")
        func ordinaryUser() throws {
            try withUserManager {
                try expectScope(
                    as: Self.asTester, systemctl: Self.asTester + ["systemctl", "--user"], in: Self.userGroup)
            }
        }

        private func expectScope(as user: [String], systemctl: [String], in slice: String) throws {
            // As from a login: in a scope which isn't delegated. One worker is a hog, the other one isn't.
            let script =
                "test {worker} = 1 || exec \(testWorker) hog 200000000 1000000; exec \(testWorker) report-cgroup"
            let command = try Command(
                ["systemd-run", "--scope", "--quiet"] + user + [
                    "cadre", "run", "-n", "2", "--name", "pair", "--memory", "64M", "--restart", "never", "--",
                    "/bin/sh",
                    "-c", script,
                ])
            try command.waitForLine("pair/0 ran out of memory and was killed by the kernel")
            try command.waitForLine("0::\(slice)/cadre-")
            try command.waitForLine("/pair/1@1")
            #expect(try command.wait() == .exited(code: 5), "\(command.output)")

            let sleeper = try Command(
                ["systemd-run", "--scope", "--quiet"] + user + [
                    "cadre", "run", "--name", "sleeper", "--", testWorker, "ignore-term",
                ])
            try sleeper.waitForLine("ignoring")
            let units = systemctl + ["list-units", "--plain", "--no-legend", "cadre-*.scope"]
            let unit = try #require(try output(of: units).split(separator: " ").first.map(String.init))
            #expect(try output(of: systemctl + ["show", "--value", "--property=Delegate", unit]) == "yes\n")
            let pid = try #require(processes("TestWorker").first)
            #expect(try cgroup(of: pid) == "\(slice)/\(unit)/sleeper/0@1")
            // As Ctrl-C does, twice, since the worker doesn't listen.
            for supervisor in processes("cadre") {
                kill(supervisor, SIGINT)
                try sleeper.waitForLine("stopping 1 worker")
                kill(supervisor, SIGINT)
            }
            #expect(try sleeper.wait() == .exited(code: 0), "\(sleeper.output)")
            #expect(processes("TestWorker").isEmpty)
            // systemd removes a scope when it comes to hear that it is empty; this waits for that.
            _ = try Command(systemctl + ["stop", unit]).wait()
            #expect(!exists("/sys/fs/cgroup\(slice)/\(unit)"))
        }

        @Test("the user's own unit works, and who isn't privileged cannot be another user")
        func userUnit() throws {
            let configuration = """
                [service.web]
                \(command("sleep"))
                workers = 2
                limits = { memory_max = "64M", cpu_max = "150%", tasks_max = 10 }
                [service.other]
                \(command("sleep"))
                user = "nobody"
                restart = { budget = 1, delay = "10ms" }
                """
            try withUserManager {
                try write(configuration, to: "/home/tester/.config/cadre/cadre.toml")
                let systemctl = Self.asTester + ["systemctl", "--user"]
                let journal = try Journal(of: [])
                _ = try output(of: systemctl + ["start", "cadre"])
                let message = try journal.event(.spawnFailed, of: "other/0").message
                #expect(message.contains("nobody"), "\(message)")
                let status = try snapshot(from: "/run/user/1000/cadre/control.sock")
                let web = try #require(status.services.first { $0.name == "web" })
                #expect(web.ready == 2)
                #expect(web.workers[0].memoryMaxBytes == 64 << 20)
                let pid = try #require(web.workers[0].pid)
                #expect(try cgroup(of: pid) == "\(Self.userGroup)/cadre.service/web/0@1")
                #expect(try contents("/sys/fs/cgroup\(Self.userGroup)/cadre.service/web/0@1/pids.max") == "10\n")
                _ = try output(of: systemctl + ["stop", "cadre"])
                #expect(processes("TestWorker").isEmpty)
                #expect(!exists("/sys/fs/cgroup\(Self.userGroup)/cadre.service"))
            }
        }

        private func withUserManager(_ body: () throws -> Void) throws {
            try succeed("systemctl", "start", "user@1000.service")
            defer { _ = try? run("systemctl", "stop", "user@1000.service") }
            try body()
        }

        private func output(of arguments: [String]) throws -> String {
            let command = try Command(arguments)
            let exit = try command.wait()
            #expect(exit == .exited(code: 0), "\(command.output)")
            return command.output
        }
    }
}
