import Cadre
import Glibc
import Processes
import Testing

extension MachineTests {
    /// The package that `make deb` makes. The machine has its files, but dpkg doesn't know of them before this.
    @Suite("the Debian package")
    struct Package {
        /// Uncompressed.
        private static let package = directory + "/cadre.deb"
        private static let directory = testWorker.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        private static let port: UInt16 = 8080
        private static let configuration = """
            [service.web]
            \(command("serve"))
            workers = 2
            ready.by = "notify"
            restart.budget = 0
            socket = [{ name = "http", listen = "127.0.0.1:\(port)" }]
            """

        @Test("is installed, upgraded to one that comes up and to one that doesn't, removed and purged")
        func life() throws {
            // As on a machine that never had it.
            try succeed("rm", "-rf", "/etc/cadre")
            let foreign = try Self.foreign(among: remains())
            defer { restore() }
            try install(Self.package)
            #expect(exists("/etc/systemd/system/multi-user.target.wants/cadre.service"))
            #expect(try snapshot(from: "/run/cadre/control.sock").services.isEmpty)
            #expect(try contents("/etc/group").contains("\ncadre:"))
            #expect(exists("/etc/cadre/conf.d"))

            // It is what runs already.
            try Unit.running(Self.configuration) { unit in
                // The end of this stops the unit.
                defer { restore() }
                try succeed("cadre", "apply")
                // Ten times a second, as the machine has other things to do.
                let client = try Command([testWorker, "hammer", "\(Self.port)", "100"])
                try client.waitForLine("asked 1")
                let keeper = try unit.keeper()
                let first = try unit.status()
                let workers = Self.workers(first)
                #expect(workers.count == 2)

                let upgraded = try install(try newer())
                let second = try unit.status()
                #expect(upgraded.contains("Unpacking cadre (9."), "\(upgraded)")
                #expect(upgraded.contains("the supervisor is /usr/bin/cadre now (version "), "\(upgraded)")
                #expect(second.supervisor != first.supervisor && Self.workers(second) == workers)
                #expect(try succeed("readlink", "/proc/\(second.supervisor)/exe") == "/usr/bin/cadre")
                // The configuration was edited, and isn't asked about.
                #expect(try contents("/etc/cadre/cadre.toml") == Self.configuration)

                let failed = try install(try broken())
                #expect(failed.contains("did not come up as a supervisor (it exited with code 1)"), "\(failed)")
                #expect(failed.contains("no worker was touched"), "\(failed)")
                let third = try unit.status()
                #expect(third.supervisor != second.supervisor && Self.workers(third) == workers)
                #expect(try succeed("readlink", "/proc/\(third.supervisor)/exe") == "/usr/bin/cadre (deleted)")
                #expect(try unit.keeper() == keeper)
                kill(client.pid, SIGTERM)
                #expect(try client.wait() == .exited(code: 0))
                #expect(client.output.contains(/answered [1-9][0-9]+, not answered 0/), "\(client.output)")
                print("package: \(client.output)")

                try dpkg("--remove", "cadre")
                #expect(processes("TestWorker").isEmpty && processes("cadre").isEmpty)
                #expect(!exists("/sys/fs/cgroup/cadre.slice"))
                #expect(!exists("/run/cadre") && !exists("/usr/bin/cadre"))
                // It would be used again.
                #expect(try contents("/etc/cadre/cadre.toml") == Self.configuration)

                try dpkg("--purge", "cadre")
                let left = try remains().filter { !foreign.contains($0) }
                #expect(left.isEmpty, "\(left)")
            }
        }

        /// The process IDs of the workers.
        private static func workers(_ status: Snapshot) -> [Int32] {
            status.services.flatMap(\.workers).compactMap(\.pid)
        }

        /// Installs a package, and returns what was printed.
        @discardableResult
        private func install(_ path: String) throws -> String {
            // The machine's image is one without manuals.
            try dpkg("--install", "--path-include=/usr/share/*", path)
        }

        /// Runs dpkg, which has to succeed; each of its scripts starts a dozen processes.
        @discardableResult
        private func dpkg(_ arguments: String...) throws -> String {
            let command = try Command(["dpkg", "--force-unsafe-io"] + arguments)
            try #require(try command.wait(within: patience * 3) == .exited(code: 0), "\(command.output)")
            return command.output
        }

        /// Puts back what the other tests use.
        private func restore() {
            _ = try? run("dpkg-deb", "--extract", Self.package, "/")
            _ = try? run("systemctl", "daemon-reload")
        }

        /// The same package with a higher version.
        private func newer() throws -> String {
            let path = "/var/tmp/cadre-newer.deb"
            // Where its control file isn't compressed either, a version as long as the one before can just be replaced.
            try succeed("sh", "-c", "sed -b 's/^Version: [0-9]/Version: 9/' \(Self.package) > \(path)")
            return path
        }

        /// A package whose program is no supervisor.
        private func broken() throws -> String {
            let tree = "/var/tmp/cadre-broken"
            try succeed(
                "sh", "-c",
                """
                set -e
                mkdir -p \(tree)/usr/bin
                dpkg-deb --control \(Self.package) \(tree)/DEBIAN
                sed -i 's/^Version: .*/Version: 10/' \(tree)/DEBIAN/control
                dpkg-deb --fsys-tarfile \(Self.package) | tar -x -C \(tree) --exclude=./usr/bin/cadre
                ln /usr/bin/cadre \(Self.directory)/cadre-client
                """)
            try write(
                """
                #!/bin/sh
                test "$1" = supervise && exit 1
                exec \(Self.directory)/cadre-client "$@"

                """, to: "\(tree)/usr/bin/cadre")
            try succeed("chmod", "755", "\(tree)/usr/bin/cadre")
            try succeed("dpkg-deb", "-Znone", "--build", tree, "\(tree).deb")
            return "\(tree).deb"
        }

        /// What other tests have left, where no package puts anything.
        private static func foreign(among paths: [String]) -> Set<String> {
            Set(paths.filter { path in ["/home/", "/root/", "/srv/", "/tmp/"].contains { path.hasPrefix($0) } })
        }

        /// What is left of the package.
        private func remains() throws -> [String] {
            let files = try succeed(
                "sh", "-c",
                """
                find / -xdev '(' -path /opt -o -path /var/tmp -o -path /usr/lib/modules -o -path '\(sourceDirectory)' ')' -prune \
                    -o -ipath '*cadre*' -prune -print
                find /etc/systemd /run/systemd/system /run/systemd/units /sys/fs/cgroup -name '*cadre*'
                """)
            var remains = files.split(separator: "\n").map(String.init)
            let units = try succeed("systemctl", "list-units", "--all", "--plain", "--no-legend", "cadre*")
            remains += units.split(separator: "\n").map(String.init)
            if try run("dpkg-query", "--show", "cadre").exit == .exited(code: 0) { remains.append("dpkg's entry") }
            return remains + processes("cadre").map { "process \($0)" }
        }
    }
}
