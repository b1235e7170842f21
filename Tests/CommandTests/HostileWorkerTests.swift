import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// Workers that mean harm, or are broken, by what they send and print.
@Suite(.needsControlGroups) struct HostileWorkerTests {
    private let notify = "ready.by = 'notify'"

    @Test("a flood of notifications keeps no sibling from being restarted, and costs no more than so many a second")
    func flood() throws {
        let floods =
            service("flood", "flood", "0", "STATUS=flood", workers: 2, more: notify)
            + service("measured", "flood", "3500", "WATCHDOG=1", more: notify)
        try withSupervisor(floods + service("web", "sleep")) { supervisor in
            for worker in ["flood/0", "flood/1"] { try supervisor.ready(worker) }
            try supervisor.expect("flood/0 sends more than 1000 notifications a second, and has to wait")
            var pid = try supervisor.ready("web/0")
            for _ in 0..<5 {
                kill(pid, SIGKILL)
                let next = try supervisor.ready("web/0")
                #expect(next != pid)
                pid = next
            }
            // A thousand at once, the second one and the third one a second later each, and then some.
            let line = try supervisor.expect("measured/0 | ")
            let milliseconds = try #require(line.split(separator: " ").last.flatMap { Int($0) })
            #expect(milliseconds >= 1900)
            #expect(try supervisor.worker("flood/0").statusText == "flood")
        }
    }

    @Test("a status that is too long is passed over, and what comes with many is one warning in a while")
    func longStatus() throws {
        let sizes = ["4096", "4097", "1048576"] + Array(repeating: "5000", count: 40)
        let arguments = (["shout"] + sizes).map { "'\($0)'" }.joined(separator: ", ")
        let toml = "[service.web]\ncommand = ['\(Machine.worker)', \(arguments)]\n\(notify)\n"
        try withSupervisor(toml) { supervisor in
            try supervisor.expect("web/0 sent a notification of more than 4096 bytes, which is passed over")
            try supervisor.expect("web/0    | 1048576 bytes: Message too long")
            try supervisor.ready("web/0")
            #expect(try supervisor.worker("web/0").statusText?.utf8.count == 4096 - 7)
            // In order behind all that the worker said before.
            try supervisor.cadre("restart", "web")
            #expect(supervisor.lines.filter { $0.contains("which is passed over") }.count <= 10)
        }
    }

    @Test("leaders that are named by turns without end cost no descriptors")
    func leaders() throws {
        let toml = service("web", "swap-leaders", "600", more: notify) + service("other", "sleep")
        try withSupervisor(toml) { supervisor in
            let leader = try supervisor.ready("web/0")
            #expect(try supervisor.worker("web/0").pid == leader)
            let count = try run(["find", "/proc/\(supervisor.pid)/fd"]).output.split(separator: "\n").count
            #expect(count < 200)
            kill(leader, SIGKILL)
            #expect(try supervisor.ready("web/0") != leader)
        }
    }

    @Test("what a worker says can't steer a terminal, break a table, JSON or metrics, or forge a line of the log")
    func escapes() throws {
        let root = try #require(Machine.cgroupRoot)
        let text = #"STATUS=\033]0;title\007\033[2J\302\2332J\342\200\256gpj " # a=b \377"#
        // What it is called, its argument, a variable, an open file and a cgroup of its own are hostile too.
        let script = """
            printf '\(text)' >status
            name=$(printf 'x\\033[2J\\302\\233y\\377')
            : >"$name"
            mkdir "$root$(sed -n s/^0:://p /proc/self/cgroup)/$name"
            export HOSTILE="$name"
            exec 9<"$name" python3 -c '
            import os, signal, socket
            open("/proc/self/comm", "wb").write(b"z\\x1b[2J")
            notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            notify.connect(os.environ["NOTIFY_SOCKET"])
            notify.send(open("status", "rb").read())
            notify.send(b"READY=1")
            signal.pause()' "$name"
            """.replacing("$root", with: root)
        let sick = """
            health = { by = 'command', command = ['sh', '-c', 'printf "\\033[2Jcadre: forged" >&2; exit 1'], \
            interval = '20ms', failures = 1 }

            """
        let toml = { (scene: Scene) in
            service("web", script: script, more: "\(self.notify)\ndirectory = '\(scene.directory)'")
                + service("sick", "sleep", more: sick)
        }
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/0")
            let unhealthy = try supervisor.expect("sick/0 is unhealthy")
            #expect(unhealthy.hasSuffix(" [2Jcadre: forged"), "\(unhealthy)")
            let expected = "?]0;title??[2J?2J?gpj \" # a=b \u{FFFD}"
            #expect(try supervisor.worker("web/0").statusText == expected)
            for arguments in [
                ["status"], ["status", "--json"], ["inspect", "web/0"], ["inspect", "--json", "web/0"],
            ] {
                let output = try supervisor.begin(arguments).finish().output
                #expect(!output.unicodeScalars.contains { $0.value == 0x1B })
                guard !arguments.contains("--json") else { continue }
                #expect(!output.unicodeScalars.contains { $0.value == 0x9B || $0.value == 0x202E })
            }
            let metrics = try supervisor.get("/metrics").body
            #expect(!metrics.contains("title"))
        }
    }
}
