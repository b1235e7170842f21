import Glibc
import Systemd
import Testing

extension MachineTests {
    @Suite("privileges and credentials")
    struct Privileges {
        @Test(
            "a worker has its capabilities, its processors, and the credential that systemd gave to Cadre, and no more")
        func worker() throws {
            let secret = "/etc/cadre/machine-test-key"
            try write("the-key", to: secret)
            chmod(secret, 0o600)
            defer { unlink(secret) }
            let configuration = """
                [service.web]
                command = ["/bin/sh", "-c", '''cat "$CREDENTIALS_DIRECTORY/key"; echo; exec "\(testWorker)" credentials''']
                restart.policy = "never"
                user = "tester"
                capabilities = ["CAP_NET_BIND_SERVICE"]
                credentials = ["key"]
                [service.root]
                \(command("credentials"))
                restart.policy = "never"
                [service.one]
                \(command("sleep"))
                limits.cpuset_cpus = "0"
                """
            try Unit.running(configuration, logging: ["web/0", "root/0"], settings: "LoadCredential=key:\(secret)") {
                unit in
                try unit.journal.line(of: "web/0", "the-key")
                for (worker, set) in [("web/0", "0000000000000400"), ("root/0", "0000000000000000")] {
                    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                        try unit.journal.line(of: worker, "\(name):\t\(set)")
                    }
                    try unit.journal.line(of: worker, "NoNewPrivs:\t1")
                    try unit.journal.line(of: worker, "SecureBits:\t0b")
                }
                #expect(try unit.file("cpuset.cpus.effective", of: "one/0@1") == "0")
                try unit.journal.event(.done, of: "web/0")
                // Asked for behind what follows from that end.
                _ = try unit.status()
                #expect(names(in: "/run/cadre/credentials").isEmpty)
            }
        }
    }
}
