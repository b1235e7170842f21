import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("An inspection as text") struct InspectionTextTests {
    private var inspection: Inspection {
        var inspection = Inspection(
            service: "web",
            worker: WorkerSnapshot(
                number: 0, state: "ready", restarts: 2, restartsByReason: ["exit": 2], kills: 0, cpuSeconds: 1,
                userSeconds: 1, systemSeconds: 0, statusText: "fine\u{1B}]0;title\u{7}"),
            incarnations: [], command: ["/bin/sh", "-c", "echo it's \u{1B}[2J", ""], log: "journal", usage: Usage())
        var leader = LeaderInspection(pid: 7)
        leader.environment.items = [
            .init(name: "TOKEN", value: nil), .init(name: "LONG", value: String(repeating: "x", count: 200)),
            .init(name: "LINES", value: "a\nb\r\u{202E}c"),
        ]
        leader.environment.more = 3
        leader.files.items = [.init(descriptor: 3, target: "socket:[1]", socket: "unix /run/\u{1B}[31m")]
        inspection.leader = leader
        inspection.sockets = [
            PassedSocket(
                name: "http", address: ":8080", type: "datagram", isOwn: true, isStandardInput: true),
            PassedSocket(name: "a\u{1B}b", address: "systemd:x", type: nil, isOwn: false, isStandardInput: false),
        ]
        inspection.port = 8003
        inspection.controlGroup = ControlGroupInspection(
            path: "/sys/fs/cgroup/web/0@3", isFreezing: false, isFrozen: false,
            limits: [
                .init(file: "memory.max", specified: "1024", kernel: "2048"),
                .init(file: "cpu.max", specified: nil, kernel: nil),
                .init(file: "pids.max", specified: "7", kernel: nil),
            ], statistics: nil)
        inspection.threads.items = [
            ThreadInspection(
                thread: 7, process: 7, name: "ev\u{9B}il", state: "S", stack: ["ep_poll+0x1/0x2"],
                waitChannel: "ep_poll",
                systemCall: 232)
        ]
        var answer = IntrospectionAnswer(url: "http://127.0.0.1:9000/")
        answer.status = 200
        answer.text = "one\n\u{1B}[Htwo\n"
        inspection.introspection = answer
        return inspection
    }

    @Test("has nothing in it that a terminal would obey, and 80 columns") func safe() {
        for line in InspectionText.lines(of: inspection) {
            #expect(line.columns <= 80)
            #expect(line.text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x9B && $0.value != 0x202E })
        }
    }

    @Test("says what there is, and where a limit isn't what was specified") func content() {
        let lines = InspectionText.lines(of: inspection).map(\.text)
        #expect(lines.first == "web/0  ready  fine?]0;title?")
        #expect(lines.contains("  restarts  2 (exit 2)"))
        #expect(lines.contains("  socket    http  :8080, datagram, its own, as descriptor 0"))
        #expect(lines.contains("  socket    a?b  systemd:x") && lines.contains("  port      8003"))
        #expect(lines.contains(#"  command   /bin/sh -c 'echo it'\''s ?[2J' ''"#))
        #expect(lines.contains("  memory.max  2048  (specified: 1024)"))
        #expect(lines.contains("  pids.max    not there: the controller is missing  (specified: 7)"))
        #expect(!lines.contains { $0.contains("cpu.max") })
        #expect(lines.contains("  TOKEN=(not shown)"))
        #expect(lines.contains("  LINES=a b ?c"))
        #expect(lines.contains("  and 3 more"))
        #expect(lines.contains("  3  socket:[1]  unix /run/?[31m"))
        #expect(lines.contains("  7 ev?il  S  system call 232, waits in ep_poll"))
        #expect(lines.contains("    ep_poll+0x1/0x2"))
        #expect(lines.suffix(4) == ["What it says at http://127.0.0.1:9000/", "  status 200", "  one", "  ?[Htwo"])
    }

    @Test("goes on in the next line where a text is long") func long() {
        let lines = InspectionText.lines(of: inspection).map(\.text)
        let start = lines.firstIndex { $0.hasPrefix("  LONG=") } ?? 0
        #expect(lines[start].count == 80)
        #expect(lines[start...start + 2].joined().count(where: { $0 == "x" }) == 200)
    }

    @Test(
        "is asked for by a worker's name",
        arguments: [("web/0", true), ("web", false), ("web/x", false), ("/0", false)])
    func name(_ text: String, isOne: Bool) {
        #expect((WorkerArgument(argument: text) != nil) == isOne)
    }
}
