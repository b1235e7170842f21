import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("sandboxes in the unit")
    struct Sandboxes {
        @Test("walls stand as the unit is installed; one that the kernel is too old for is an error, or left out")
        func walls() throws {
            let script = """
                touch /etc/file 2>/dev/null || echo etc; [ -z "$(ls -A /tmp)" ] && echo tmp
                [ -e /run/cadre/control.sock ] || echo control; [ -e /dev/kmsg ] || echo kmsg
                mkdir /sys/fs/cgroup/file 2>/dev/null || echo cgroup; chroot / true 2>/dev/null || echo chroot
                echo finished; exec sleep 1000
                """
            let configuration = """
                [service.web]
                command = ['/bin/sh', '-c', '''\(script)''']
                [service.web.sandbox]
                protect_system = "strict"
                private_tmp = true
                private_devices = true
                private_network = true
                protect_control_groups = true
                system_call_filter = ["@system-service", "~chroot"]
                system_call_error_number = "EPERM"
                landlock = { execute = ["/"] }
                [service.port]
                command = ["/bin/sleep", "1000"]
                sandbox = { landlock = { tcp_bind = [80] }, best_effort = true }
                [service.strictly]
                command = ["/bin/sleep", "1000"]
                restart.policy = "never"
                sandbox.landlock.tcp_bind = [80]
                """
            let hasPorts = try LandlockRules.version() >= LandlockRules.versionOfPorts
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                for line in ["etc", "tmp", "control", "kmsg", "cgroup", "chroot", "finished"] {
                    try unit.journal.line(of: "web/0", line)
                }
                try unit.journal.event(.ready, of: "port/0", incarnation: 1)
                let shown = try succeed("cadre", "inspect", "port/0")
                if hasPorts {
                    #expect(shown.contains("landlock.tcp_bind = [80]"), "\(shown)")
                    try unit.journal.event(.ready, of: "strictly/0", incarnation: 1)
                } else {
                    #expect(
                        shown.contains("left out: landlock.tcp_bind: Landlock restrains TCP from Linux 6.7 on"),
                        "\(shown)")
                    try unit.journal.event(.spawnFailed, of: "strictly/0", incarnation: 1)
                    #expect(
                        try unit.worker("strictly/0").lastExit?.detail?.contains("sandbox.best_effort = true") == true)
                }
            }
        }
    }
}
