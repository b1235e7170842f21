import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("cadre top, its rows") struct TopRowTests {
    /// Two services whose workers used different times within a second.
    private func busy(sort: TopColumn) -> TopModel {
        let before = makeSnapshot([("api", 2), ("web", 3)])
        var after = before
        for (index, seconds) in [0.1, 0.2].enumerated() { after.services[0].workers[index].cpuSeconds = seconds }
        for (index, seconds) in [0.25, 0.5, 0].enumerated() { after.services[1].workers[index].cpuSeconds = seconds }
        return makeModel(before, after, sort: sort)
    }

    @Test("services are sorted by their sums, and the workers within each") func sort() {
        var model = busy(sort: .cpu)
        #expect(model.names == ["web", "web/1", "web/0", "web/2", "api", "api/1", "api/0"])
        #expect(model.rows.map { $0.cpu ?? -1 } == [75, 50, 25, 0, 30, 20, 10])
        model.type("r")
        #expect(model.names == ["api", "api/0", "api/1", "web", "web/2", "web/0", "web/1"])
        model.type("<<")
        #expect(model.sort == .state)
        model.type("<")
        #expect(model.sort == .name && !model.isDescending)
        #expect(model.names == ["api", "api/0", "api/1", "web", "web/0", "web/1", "web/2"])
    }

    @Test("the columns that are shown are gone through, from the last to the first") func cycle() {
        var model = busy(sort: .name)
        var seen: [TopColumn] = []
        repeat {
            seen.append(model.sort)
            model.type("s")
        } while model.sort != .name
        #expect(seen == [.name, .state, .pid, .cpu, .memory, .restarts, .uptime, .tasks])
        model.type("<")
        #expect(model.sort == .tasks)
    }

    @Test("what isn't known comes last, in both directions") func unknownLast() {
        var snapshot = makeSnapshot([("web", 3)])
        for (index, bytes) in ([nil, 5, 9] as [UInt64?]).enumerated() {
            snapshot.services[0].workers[index].memoryBytes = bytes
        }
        var model = makeModel(snapshot, sort: .memory)
        #expect(model.names == ["web", "web/2", "web/1", "web/0"])
        model.type("r")
        #expect(model.names == ["web", "web/1", "web/2", "web/0"])
    }

    @Test("rows that look equal stay in the order of their names") func stable() {
        let before = makeSnapshot([("web", 12)])
        var after = before
        for index in 0..<12 { after.services[0].workers[index].cpuSeconds = Double(index) * 0.00001 }
        #expect(makeModel(before, after, sort: .cpu).names == ["web"] + (0..<12).map { "web/\($0)" })
    }

    @Test("a service is folded and unfolded, from a worker of it too") func fold() {
        var model = busy(sort: .name)
        for _ in 0..<6 { _ = model.press(.down) }
        #expect(model.selectedRow?.id.name == "web/1")
        _ = model.press(.left)
        #expect(model.names == ["api", "api/0", "api/1", "web"])
        #expect(model.selectedRow?.id.name == "web")
        #expect(model.line(of: "web")?.hasPrefix("▸ web") == true)
        _ = model.press(.right)
        #expect(model.names.count == 7 && model.selectedRow?.id.name == "web")
        model.type(" ")
        #expect(model.names.count == 4)
        model.type(" ")
        #expect(model.names.count == 7)
        _ = model.press(.escape)
        model.type(" ")
        #expect(model.names == ["api", "web"])
        model.type(" ")
        #expect(model.names.count == 7)
    }

    @Test("without groups the workers of all services are in one order") func flat() {
        var model = busy(sort: .cpu)
        model.type("g")
        #expect(model.names == ["web/1", "web/0", "api/1", "api/0", "web/2"])
        model.type("g")
        #expect(model.names.first == "web")
    }

    @Test(
        "a filter is a part of the name, or a pattern for all of it",
        arguments: [
            ("we", ["web", "web/0", "web/1", "web/2"]), ("WEB/1", ["web", "web/1"]),
            ("/1", ["api", "api/1", "web", "web/1"]),
            ("web/[02]", ["web", "web/0", "web/2"]), ("a*", ["api", "api/0", "api/1"]),
            ("ap?", ["api", "api/0", "api/1"]),
            ("w*/1", ["web", "web/1"]), ("b*", []), ("nothing", []),
        ])
    func filter(text: String, expected: [String]) {
        var model = busy(sort: .name)
        model.type("/" + text)
        #expect(model.names == expected)
        #expect(model.screen.last?.contains("show only: \(text)") == true)
        _ = model.press(.enter)
        #expect(model.names == expected)
        #expect(model.screen[0].contains("only \(text)"))
        if expected.isEmpty { #expect(model.screen.contains("Nothing matches.")) }
        _ = model.press(.escape)
        #expect(model.names.count == 7)
    }

    @Test("a pattern that isn't complete matches nothing, and the line says what it lacks") func badFilter() {
        var model = busy(sort: .name)
        model.type("/web/[0")
        #expect(model.names == [])
        #expect(model.screen.last?.contains("has a \"[\" without a \"]\"") == true)
        model.type("]")
        #expect(model.names == ["web", "web/0"])
    }

    @Test("while a filter is written keys are letters, Backspace takes one back and Escape all") func editFilter() {
        var model = busy(sort: .name)
        model.type("/web")
        _ = model.press(.enter)
        model.type("/q")
        #expect(model.filter == "webq" && model.names == [])
        _ = model.press(.backspace)
        #expect(model.names.count == 4)
        _ = model.press(.control("u"))
        #expect(model.filter == "" && model.names.count == 7)
        _ = model.press(.escape)
        #expect(model.filter == "web" && model.mode == .list)
    }

    @Test("the selection follows its row, and stays where it was when the row vanishes") func selection() {
        var model = busy(sort: .cpu)
        #expect(model.selectedRow == nil)
        for _ in 0..<3 { _ = model.press(.down) }
        #expect(model.selectedRow?.id.name == "web/0")
        model.type("r")
        #expect(model.selectedRow?.id.name == "web/0" && model.selection?.row == 5)
        model.receive(makeSnapshot([("api", 2)]), at: .seconds(9))
        #expect(model.selectedRow?.id.name == "api/1")
        model.receive(makeSnapshot([]), at: .seconds(10))
        #expect(model.selectedRow == nil)
        _ = model.press(.down)
        #expect(model.frame().count == 24)
    }

    @Test("what runs can be shown again after a service went and came back") func comesBack() {
        var model = makeModel(makeSnapshot([("api", 1), ("web", 1)]))
        model.receive(makeSnapshot([("api", 1)]), at: .seconds(2))
        #expect(model.names == ["api", "api/0"])
        model.receive(makeSnapshot([("api", 1), ("web", 1)]), at: .seconds(3))
        #expect(model.names == ["api", "api/0", "web", "web/0"])
    }
}

@Suite("cadre top, its keys") struct TopKeyTests {
    @Test("a thousand workers are scrolled through, and the selection is always in sight") func scroll() {
        var model = makeModel(makeSnapshot([("web", 1000)]))
        let height = model.layout.listHeight
        #expect(height == 18)
        func isInSight() -> Bool {
            guard let name = model.selectedRow?.id.name else { return false }
            return model.line(of: name) != nil
        }
        _ = model.press(.end)
        #expect(model.selectedRow?.id.name == "web/999" && isInSight() && model.firstRow == 1001 - height)
        _ = model.press(.pageUp)
        #expect(model.selectedRow?.id.name == "web/981" && isInSight())
        _ = model.press(.home)
        #expect(model.selectedRow?.id.name == "web" && isInSight() && model.firstRow == 0)
        _ = model.press(.pageDown)
        #expect(model.selectedRow?.id.name == "web/17" && isInSight())
        for _ in 0..<40 {
            model.type("j")
            #expect(isInSight())
        }
        _ = model.press(.up)
        model.type("k")
        #expect(model.selectedRow?.id.name == "web/55" && isInSight())
        _ = model.press(.end)
        _ = model.press(.down)
        #expect(model.selectedRow?.id.name == "web/999" && isInSight())
        for rows in [1, 2, 5, 8, 12, 60] {
            model.size.rows = rows
            #expect(model.frame().count == rows)
            if rows > 2 { #expect(isInSight()) }
        }
        model.type("/web/99?")
        #expect(model.names.count == 11 && model.firstRow == 0)
    }

    @Test("without a selection the first rows stay in sight, whichever they are") func top() {
        let before = makeSnapshot([("web", 100)])
        var after = before
        after.services[0].workers[99].cpuSeconds = 1
        var model = makeModel(before, before, sort: .cpu)
        #expect(model.line(of: "web/0") != nil)
        model.receive(after, at: .seconds(2))
        #expect(model.names[1] == "web/99" && model.firstRow == 0)
        _ = model.press(.down)
        #expect(model.selectedRow?.id.name == "web")
    }

    @Test("q and Ctrl-C quit, the latter from everywhere") func quit() {
        var model = makeModel(makeSnapshot([("web", 1)]))
        #expect(model.press(.character("q")) == .quit)
        #expect(model.press(.control("c")) == .quit)
        model.type("/")
        #expect(model.press(.character("q")) == nil)
        #expect(model.press(.control("c")) == .quit)
        _ = model.press(.escape)
        model.type("?")
        #expect(model.press(.control("c")) == .quit)
        #expect(model.press(.control("z")) == .suspend)
        #expect(model.press(.control("l")) == .redraw)
        #expect(model.press(.character("q")) == nil && model.mode == .list)
    }

    @Test("+ and - go through the intervals, and stop at the ends") func interval() {
        var model = makeModel(makeSnapshot([("web", 1)]))
        #expect(model.screen[0].hasSuffix("every 2s"))
        #expect(model.press(.character("+")) == .refresh)
        #expect(model.screen[0].hasSuffix("every 5s"))
        for _ in 0..<9 { _ = model.press(.character("-")) }
        #expect(model.screen[0].hasSuffix("every 500ms"))
        #expect(model.press(.character("-")) == nil)
        model.interval = .milliseconds(1500)
        #expect(model.screen[0].hasSuffix("every 1500ms"))
        _ = model.press(.character("+"))
        #expect(model.interval == .seconds(2))
    }

    @Test("p pauses and goes on at once") func pause() {
        var model = makeModel(makeSnapshot([("web", 1)]))
        #expect(model.press(.character("p")) == nil && model.isPaused)
        #expect(model.screen[0].hasSuffix("paused"))
        #expect(model.press(.character("+")) == nil)
        #expect(model.press(.character("p")) == .refresh && !model.isPaused)
    }

    @Test("a command is given to what is selected, once it is confirmed") func command() {
        var model = makeModel(makeSnapshot([("web", 2)]))
        #expect(model.press(.character("x")) == nil && model.mode == .list)
        #expect(model.screen.last == "Select a service or a worker first.")
        model.type("j")
        #expect(model.press(.character("t")) == nil)
        #expect(model.screen.last == "stop all of web? y: yes  any other key: no")
        #expect(model.press(.character("n")) == nil && model.mode == .list)
        model.type("jjx")
        #expect(model.screen.last?.hasPrefix("restart web/1? ") == true)
        // It is about what was asked, even if that has gone meanwhile.
        model.receive(makeSnapshot([("web", 1)]), at: .seconds(2))
        let worker = TopID(service: "web", worker: 1)
        #expect(model.press(.character("y")) == .command(.restart, of: worker) && model.mode == .list)
        model.type("u")
        #expect(model.screen.last?.hasPrefix("start web/0? ") == true)
        #expect(model.press(.control("c")) == .quit)
        _ = model.press(.escape)
        model.note = "done"
        #expect(model.screen.last == "done")
        _ = model.press(.up)
        #expect(model.screen.last?.hasPrefix("? help") == true)
    }

    @Test("the help tells each key, and any key leaves it") func help() {
        var model = makeModel(makeSnapshot([("web", 1)]))
        model.type("?")
        for entry in TopModel.help { #expect(model.screen.contains { $0.hasPrefix(entry.keys) }) }
        #expect(TopModel.help.allSatisfy { 20 + $0.meaning.count <= 80 })
        model.type("x")
        #expect(model.line(of: "web/0") != nil)
    }
}
