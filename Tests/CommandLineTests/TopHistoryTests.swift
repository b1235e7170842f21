import Testing

@testable import Cadre
@testable import CadreCommand

@Suite("cadre top, its history") struct TopHistoryTests {
    private let worker = TopID(service: "web", worker: 0)

    private func snapshot(cpu seconds: Double, memory: UInt64? = nil, incarnation: UInt64 = 1) -> Snapshot {
        var snapshot = makeSnapshot([("web", 1)])
        snapshot.services[0].workers[0].cpuSeconds = seconds
        snapshot.services[0].workers[0].memoryBytes = memory
        snapshot.services[0].workers[0].incarnation = incarnation
        snapshot.services[0].workers[0].io = IOSnapshot(
            readBytes: UInt64(max(0, min(seconds, 1e6)) * 1000), writtenBytes: 0)
        return snapshot
    }

    @Test("CPU is the time used between two snapshots, in percent of one processor") func cpu() {
        var history = TopHistory()
        for (time, seconds) in [(0.0, 10.0), (1, 10.5), (3, 14.5), (3.5, 14.5)] {
            history.record(snapshot(cpu: seconds), at: .seconds(time))
        }
        #expect(history[worker].cpu == [nil, 50, 200, 0])
        #expect(history[TopID(service: "web", worker: nil)].cpu == [nil, 50, 200, 0])
        #expect(history.total.cpu == [nil, 50, 200, 0])
    }

    @Test("a counter that went back, stood in no time or is no number gives no figure, and never a negative one")
    func guards() {
        var history = TopHistory()
        let samples: [(Duration, Double)] = [
            (.seconds(0), 10), (.seconds(1), 2), (.seconds(2), 3), (.seconds(2), 4), (.seconds(3), .nan),
            (.seconds(4), 5), (.seconds(5), .infinity), (.seconds(6), 6), (.seconds(5), 7), (.seconds(7), 7),
        ]
        for (time, seconds) in samples { history.record(snapshot(cpu: seconds), at: time) }
        #expect(history[worker].cpu == [nil, nil, 100, nil, nil, nil, nil, nil, nil, 0])
    }

    @Test("bytes count from the new incarnation's beginning") func io() {
        var history = TopHistory()
        history.record(snapshot(cpu: 1), at: .seconds(0))
        history.record(snapshot(cpu: 3), at: .seconds(1))
        #expect(history[worker].read == 2000)
        history.record(snapshot(cpu: 4, incarnation: 2), at: .seconds(2))
        #expect(history[worker].read == nil)
        // A worker's processor time goes on.
        #expect(history[worker].cpu.last == 100)
        history.record(snapshot(cpu: 5, incarnation: 2), at: .seconds(3))
        #expect(history[worker].read == 1000)
    }

    @Test("only the last samples are kept, and nothing of what is gone") func bounded() {
        var history = TopHistory()
        for second in 0..<200 { history.record(snapshot(cpu: 0, memory: UInt64(second)), at: .seconds(second)) }
        #expect(history[worker].memory == (140..<200).map(Double.init))
        #expect(history[worker].cpu.count == TopHistory.length && history.total.cpu.count == TopHistory.length)
        history.record(makeSnapshot([]), at: .seconds(200))
        #expect(history[worker].memory == [])
        #expect(history.total.memory.last == .some(nil))
    }

    @Test("the service's own counter counts, which keeps what removed workers used") func serviceCounter() {
        var history = TopHistory()
        for (second, cpu) in [1.0, 1.75].enumerated() {
            var snapshot = snapshot(cpu: 0, memory: 1)
            snapshot.services[0].cpuSeconds = cpu
            snapshot.services[0].memoryBytes = 10
            history.record(snapshot, at: .seconds(second))
        }
        let service = history[TopID(service: "web", worker: nil)]
        #expect(service.cpu == [nil, 75] && service.memory == [10, 10])
    }

    @Test("a frame survives figures that make no sense") func nonsense() {
        var snapshot = snapshot(cpu: .nan, memory: .max)
        snapshot.services[0].workers[0].uptimeSeconds = .infinity
        snapshot.services[0].workers[0].memoryMaxBytes = 0
        snapshot.services[0].workers[0].pressure = PressureSnapshot(cpu: .nan, memory: -1, io: 1e300)
        var second = snapshot
        second.services[0].workers[0].cpuSeconds = .infinity
        second.services[0].workers[0].uptimeSeconds = 1e300
        second.services[0].cpuSeconds = -5
        let model = makeModel(snapshot, second, columns: 200)
        #expect(model.frame().count == 24)
    }
}

@Suite("A sparkline") struct SparklineTests {
    private func draw(_ values: [Double?], columns: Int = 8, maximum: Double = 100, _ symbols: Symbols = .unicode)
        -> String
    {
        Sparkline.draw(values, columns: columns, maximum: maximum, symbols: symbols)
    }

    @Test("has a bar for each value, and ends at the right") func bars() {
        #expect(draw([0, 14, 28, 43, 57, 71, 86, 100]) == "▁▂▃▄▅▆▇█")
        #expect(draw([100]) == "       █")
        #expect(draw([]) == "        ")
        #expect(draw([0, 0, 0, 100, 50], columns: 2) == "█▅")
        #expect(draw([1], columns: 0) == "" && draw([1], columns: -1) == "")
    }

    @Test("has its ASCII form") func ascii() {
        #expect(draw([0, 14, 28, 43, 57, 71, 86, 100], .ascii) == "_.-:=+*#")
    }

    @Test("leaves a gap where nothing is known, and stays within its bars") func odd() {
        #expect(draw([nil, .nan, .infinity, -5, 1e9]) == "      ▁█")
        #expect(draw([5], maximum: 0) == "       ▁" && draw([5], maximum: .nan) == "       ▁")
    }

    @Test("its scale is the limit, or the highest value, but idling is low") func scale() {
        #expect(Sparkline.cpuScale([0.1, nil, .nan]) == 5)
        #expect(Sparkline.cpuScale([0.1, 250]) == 250)
        #expect(Sparkline.memoryScale([3, 4], limit: nil) == 4)
        #expect(Sparkline.memoryScale([3, 4], limit: 8) == 8)
    }
}
