import Keeper
import Processes
import Testing

@Suite struct SupervisorFateTests {
    private let killed = ProcessExit.signaled(signal: 9, coreDumped: false)
    private let crashed = ProcessExit.signaled(signal: 11, coreDumped: true)

    /// A fate whose first supervisor is up since 0.
    private func makeFate() -> SupervisorFate {
        var fate = SupervisorFate()
        let isFirstSign = fate.cameUp(at: .zero)
        #expect(isFirstSign)
        return fate
    }

    private func ended(_ fate: inout SupervisorFate, _ exit: ProcessExit, at seconds: Int) -> SupervisorFate.Verdict {
        fate.ended(exit, at: .seconds(seconds)) { Issue.record("there is no program before") }
    }

    @Test("one that exits before any was up takes the keeper along, with its code")
    func neverUp() {
        var fate = SupervisorFate()
        #expect(ended(&fate, .exited(code: 2), at: 1) == .end(code: 2))
    }

    @Test("one that is killed before any was up is started again")
    func killedBeforeUp() {
        var fate = SupervisorFate()
        #expect(ended(&fate, killed, at: 1) == .restart(after: .zero, .death))
    }

    @Test("one that said that it stops ends with its code; without that it is started again")
    func stopping() {
        var fate = makeFate()
        #expect(ended(&fate, .exited(code: 0), at: 1) == .restart(after: .zero, .death))
        _ = fate.cameUp(at: .seconds(2))
        fate.isGoingToStop()
        #expect(ended(&fate, .exited(code: 5), at: 3) == .end(code: 5))
    }

    @Test("one that is killed while it stops is started again")
    func killedWhileStopping() {
        var fate = makeFate()
        fate.isGoingToStop()
        #expect(ended(&fate, killed, at: 1) == .restart(after: .zero, .death))
        // The next one has to say so itself.
        #expect(ended(&fate, .exited(code: 0), at: 1) == .restart(after: .zero, .death))
    }

    @Test(
        "many short lives in a row have longer and longer waits between them, and then an end; a long one begins anew")
    func row() {
        var fate = makeFate()
        var waits: [Duration] = []
        for second in 1...10 {
            guard case .restart(let wait, .death) = ended(&fate, crashed, at: second) else { break }
            waits.append(wait)
            _ = fate.cameUp(at: .seconds(second))
        }
        #expect(waits == [0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map { Duration.milliseconds($0) })
        var stable = fate
        #expect(ended(&fate, crashed, at: 11) == .end(code: 1))
        #expect(ended(&stable, crashed, at: 20) == .restart(after: .zero, .death))
    }

    @Test("one that came up and was killed from outside is started again at once, however often that happens")
    func manyKills() {
        var fate = makeFate()
        for second in 1...1000 {
            #expect(ended(&fate, killed, at: second) == .restart(after: .zero, .death))
            _ = fate.cameUp(at: .seconds(second))
        }
    }

    @Test("one that came up and hung counts, although the keeper kills it with SIGKILL in the end")
    func hangs() {
        var fate = SupervisorFate()
        var waits: [Duration] = []
        for hang in 1...11 {
            // It comes up, is silent for the time of the watchdog and for that of a core dump, and is killed.
            let start = 100 * hang
            _ = fate.cameUp(at: .seconds(start))
            fate.hung()
            guard case .restart(let wait, .hang) = ended(&fate, killed, at: start + 35) else { break }
            waits.append(wait)
        }
        #expect(waits == [0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map { Duration.milliseconds($0) })
    }

    @Test("one that hung after it had done its work for long begins a new row")
    func lateHangs() {
        var fate = SupervisorFate()
        for hang in 1...100 {
            let start = 100 * hang
            _ = fate.cameUp(at: .seconds(start))
            _ = fate.cameUp(at: .seconds(start + 10))
            fate.hung()
            #expect(ended(&fate, killed, at: start + 45) == .restart(after: .zero, .hang))
        }
    }

    @Test("before any was up, kills count like any other end")
    func killsBeforeUp() {
        var fate = SupervisorFate()
        for second in 1...10 { _ = ended(&fate, killed, at: second) }
        #expect(ended(&fate, killed, at: 12) == .end(code: 1))
    }

    @Test("one that is killed again and again before it comes up is waited with, but workers are not given up for it")
    func killsAgainBeforeUp() {
        var fate = makeFate()
        var last = SupervisorFate.Verdict.end(code: 0)
        for second in 1...100 { last = ended(&fate, killed, at: second) }
        #expect(last == .restart(after: .seconds(5), .death))
        // The next one may crash by itself as often as ever after it was up.
        _ = fate.cameUp(at: .seconds(101))
        _ = ended(&fate, killed, at: 102)
        #expect(ended(&fate, crashed, at: 103) == .restart(after: .zero, .death))
    }

    @Test("a program that doesn't come up is followed by the one before")
    func failedUpgrade() {
        var fate = makeFate()
        fate.handOver()
        #expect(ended(&fate, killed, at: 1) == .restart(after: .zero, .upgrade))
        var returned = 0
        let verdict = fate.ended(.exited(code: 1), at: .seconds(2)) { returned += 1 }
        #expect(verdict == .restart(after: .zero, .failedUpgrade))
        #expect(returned == 1)
        // From then on it is any supervisor.
        _ = fate.cameUp(at: .seconds(3))
        #expect(ended(&fate, killed, at: 30) == .restart(after: .zero, .death))
    }

    @Test("a program that came up stays")
    func upgrade() {
        var fate = makeFate()
        fate.handOver()
        _ = ended(&fate, killed, at: 1)
        let signs = [fate.cameUp(at: .seconds(2)), fate.cameUp(at: .seconds(3))]
        #expect(signs == [true, false])
        #expect(ended(&fate, killed, at: 30) == .restart(after: .zero, .death))
    }

    @Test("a program that can't even be executed is followed by the one before, for good")
    func noProgram() {
        var fate = makeFate()
        fate.handOver()
        #expect(ended(&fate, killed, at: 1) == .restart(after: .zero, .upgrade))
        var returned = 0
        let verdict = fate.couldNotStart { returned += 1 }
        #expect(verdict == .restart(after: .zero, .failedUpgrade))
        #expect(returned == 1)
        #expect(ended(&fate, killed, at: 30) == .restart(after: .zero, .death))
    }

    @Test("that one hung is told of it alone")
    func hungOnce() {
        var fate = makeFate()
        fate.hung()
        #expect(ended(&fate, killed, at: 1) == .restart(after: .zero, .hang))
        _ = fate.cameUp(at: .seconds(2))
        #expect(ended(&fate, .exited(code: 1), at: 30) == .restart(after: .zero, .death))
    }
}
