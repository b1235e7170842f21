import Testing

@testable import Supervision

@Suite("The history of restarts") final class RestartHistoryTests {
    private var random = SeededRandom(seed: 1)
    private var history = RestartHistory()
    private var policy = WorkerPolicy.test().restart

    private func next(isBudgeted: Bool = true) -> Duration {
        history.nextDelay(policy: policy, isBudgeted: isBudgeted, using: &random)
    }

    private func spend(at seconds: Int) -> Bool { history.spend(at: .seconds(seconds), policy: policy) }

    @Test("the first restart is immediate, the next ones wait longer and longer up to the cap")
    func series() {
        var waits: [Duration] = []
        for _ in 0..<7 { waits.append(next()) }
        #expect(waits == [0, 1, 2, 4, 8, 8, 8].map { .seconds($0) })
    }

    @Test("jitter varies each wait by its part of it at the most, both ways") func jitter() {
        policy.jitter = 0.25
        _ = next()
        for _ in 0..<3 { _ = next() }
        var waits: [Duration] = []
        for _ in 0..<1000 { waits.append(next()) }
        #expect(waits.allSatisfy { .seconds(6) <= $0 && $0 <= .seconds(10) })
        #expect(waits.min()! < .seconds(6.2))
        #expect(waits.max()! > .seconds(9.8))
    }

    @Test("a delay above the cap is the cap") func cappedDelay() {
        policy.delay = .seconds(20)
        _ = next()
        #expect(next() == .seconds(8))
    }

    @Test("where no budget ends a row, its waits have a lower bound") func lowerBound() {
        policy.delay = .milliseconds(1)
        #expect(next(isBudgeted: false) == .zero)
        #expect(next(isBudgeted: false) == .milliseconds(100))
    }

    @Test("a row without end and without a delay keeps to the lower bound") func endlessRow() {
        policy.delay = .zero
        for _ in 0..<3000 { _ = next(isBudgeted: false) }
        #expect(next(isBudgeted: false) == .milliseconds(100))
    }

    @Test("a row begins anew after an incarnation was ready for a whole window") func stability() {
        for _ in 0..<3 { _ = next() }
        history.noteEnd(readySince: nil, at: .seconds(1000), policy: policy)
        history.noteEnd(readySince: .seconds(1), at: .seconds(100), policy: policy)
        #expect(next() == .seconds(4))
        history.noteEnd(readySince: .seconds(0), at: .seconds(100), policy: policy)
        #expect(next() == .zero)
    }

    @Test("the budget counts what lies within the sliding window") func budget() {
        for second in 0..<5 { #expect(spend(at: second * 10)) }
        #expect(!spend(at: 99))
        // The first one is out of the window, the second isn't.
        #expect(spend(at: 100))
        #expect(!spend(at: 109))
        #expect(spend(at: 110))
    }
}
