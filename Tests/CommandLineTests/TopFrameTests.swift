import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("cadre top, what it looks like") struct TopFrameTests {
    private var snapshot: Snapshot {
        var snapshot = makeSnapshot([("web", 2)])
        snapshot.services[0].workers[1].state = "failed"
        snapshot.services[0].workers[1].pid = nil
        snapshot.services[0].workers[1].uptimeSeconds = nil
        snapshot.services[0].workers[1].restarts = 10
        snapshot.services[0].workers[1].lastExit = ExitSnapshot(reason: "oom-kill", memoryPeakBytes: 512 << 20)
        snapshot.services[0].workers[0].memoryBytes = 480 << 20
        snapshot.services[0].workers[0].memoryMaxBytes = 512 << 20
        snapshot.services[0].workers[0].memoryPeakBytes = 490 << 20
        snapshot.services[0].workers[0].statusText = "serving"
        snapshot.services[0].workers[0].controlGroup = "web/0.1"
        snapshot.services[0].workers[0].tasks = 7
        snapshot.services[0].workers[0].pressure = PressureSnapshot(cpu: 1.25, memory: 0, io: 99.9)
        snapshot.services[0].workers[0].io = IOSnapshot(readBytes: 0, writtenBytes: 0)
        snapshot.services[0].ready = 1
        snapshot.services[0].isHealthy = false
        return snapshot
    }

    private var later: Snapshot {
        var snapshot = snapshot
        snapshot.services[0].workers[0].cpuSeconds = 0.5
        snapshot.services[0].workers[0].io = IOSnapshot(readBytes: 4096, writtenBytes: 3 << 20)
        return snapshot
    }

    @Test("80 columns have all that matters") func narrow() {
        var model = makeModel(snapshot, later, rows: 12)
        _ = model.press(.down)
        _ = model.press(.down)
        #expect(
            model.screen == [
                "cadre top  all is well                                                  every 2s",
                "CPU   50.0%               █  MEM  481M              ██  RESTARTS 10",
                "▲NAME    STATE        PID   CPU%          CPU    MEM   MEMORY   RST     UP TASKS",
                "▾ web    1/2                50.0            █   481M       ██    10            7",
                "  web/0  ready       1000   50.0            █   480M       ██     0  1m00s     7",
                "  web/1  failed         -    0.0            ▁     1M       ██    10      -     -",
                "", "", "",
                "web/0  ready  incarnation 1  serving",
                "memory.max 512M  memory.peak 490M  cgroup web/0.1",
                "? help  / filter  < > sort  r reverse  Space fold  p pause  q quit",
            ])
    }

    @Test("each width is filled with what is most important, and no line is wider", arguments: [10, 40, 80, 120, 200])
    func widths(columns: Int) {
        let model = makeModel(snapshot, later, columns: columns)
        #expect(model.frame().allSatisfy { $0.columns <= columns })
        #expect(model.frame().count == 24)
        let titles = model.screen[2].split(separator: " ").joined(separator: " ")
        let expected = [
            10: "▲NAME", 40: "▲NAME STATE PID CPU% MEM",
            80: "▲NAME STATE PID CPU% CPU MEM MEMORY RST UP TASKS",
            120: "▲NAME STATE PID CPU% CPU MEM MEMORY RST UP TASKS MAX P-CPU P-MEM P-IO LAST EXIT",
            200: "▲NAME STATE PID CPU% CPU MEM MEMORY RST UP TASKS MAX P-CPU P-MEM P-IO READ/s WRITE/s LAST EXIT",
        ]
        #expect(titles == expected[columns])
        if columns == 200 {
            let worker = model.line(of: "web/0")?.split(separator: " ").map(String.init)
            #expect(worker?.suffix(8) == ["1m00s", "7", "512M", "1.3", "0.0", "99.9", "4K", "3M"])
            #expect(model.line(of: "web/1")?.hasSuffix("oom-kill (peak 512M)") == true)
        }
    }

    @Test("the last exit is told of the selected worker in a narrow terminal too") func lastExit() {
        var model = makeModel(snapshot)
        _ = model.press(.end)
        #expect(model.screen[22] == "last exit oom-kill (peak 512M)")
    }

    @Test("the titles are reversed from edge to edge, and so is the selected row") func reversed() {
        var model = makeModel(snapshot)
        _ = model.press(.end)
        let frame = model.frame()
        #expect(frame[2] == frame[2].reversed && frame[2].columns == 80)
        #expect(frame[5] == frame[5].reversed && frame[5].text.contains("web/1"))
        #expect(frame[4] != frame[4].reversed)
    }

    @Test("colour tells states and memory near its limit, and nothing but colour") func colour() {
        let frame = makeModel(snapshot).frame()
        let coloured = frame.map { $0.rendered(isColoured: true) }
        #expect(coloured[3].contains("\u{1B}[1;31m1/2"))
        #expect(coloured[4].contains("\u{1B}[32mready"))
        #expect(coloured[4].contains("\u{1B}[31m  480M"))
        #expect(coloured[5].contains("\u{1B}[31mfailed"))
        let plain = frame.map { $0.rendered(isColoured: false) }
        #expect(!plain.contains { $0.contains("\u{1B}[3") || $0.contains("\u{1B}[9") })
    }

    @Test("a terminal without UTF-8 gets ASCII") func ascii() {
        var snapshot = later
        snapshot.services[0].workers[0].statusText = "größer 世界"
        var model = makeModel(self.snapshot, snapshot, symbols: .ascii)
        _ = model.press(.down)
        _ = model.press(.down)
        let lines = model.frame().map { $0.rendered(isColoured: false, isASCII: true) }
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
        #expect(lines[2].contains("^NAME"))
        #expect(lines[3].contains("- web"))
        #expect(lines[4].contains("#"))
        #expect(lines[21].contains("gr??er ????"))
    }

    @Test("nothing that a worker says of itself reaches the terminal as a control") func controls() {
        var snapshot = snapshot
        let evil = "a\u{1B}[2Jb\u{9B}31mc\u{7}\u{202E}d\r\ne\u{0}\u{85}"
        snapshot.services[0].name = evil
        snapshot.services[0].workers[0].state = evil
        snapshot.services[0].workers[0].statusText = evil
        snapshot.services[0].workers[0].controlGroup = evil
        snapshot.services[0].workers[0].lastExit = ExitSnapshot(reason: evil, detail: evil)
        snapshot.summary = evil
        var model = makeModel(snapshot, columns: 200)
        _ = model.press(.down)
        _ = model.press(.down)
        model.problem = evil
        let lines = model.frame() + model.report() + StatusTable.lines(of: snapshot)
        for line in lines {
            #expect(!line.text.unicodeScalars.contains { [.control, .format].contains($0.properties.generalCategory) })
        }
        #expect(model.screen[21].contains("a?[2Jb?31mc??d  e??"))
    }

    @Test("a problem is shown in the last line, whatever its length, until there is a snapshot again") func problem() {
        var model = makeModel(snapshot)
        model.problem = "no supervisor listens at /run/cadre/control.sock"
        #expect(model.screen.last == "no supervisor listens at /run/cadre/control.sock … trying again")
        #expect(model.line(of: "web/0") != nil)
        model.problem = String(repeating: "long ", count: 50)
        #expect(model.screen.last?.hasSuffix(" … trying again") == true)
        model.receive(snapshot, at: .seconds(5))
        #expect(model.screen.last?.contains("trying again") == false)
    }

    @Test("the report has all rows, whatever the terminal's height") func report() {
        let model = makeModel(makeSnapshot([("web", 100)]))
        #expect(model.report().count == 2 + 1 + 101)
    }
}
