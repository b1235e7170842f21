import Testing

@testable import Supervision

@Suite("Restarting") struct RestartTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let condition: RestartPolicy.Condition
        let input: WorkerInput
        let reason: EndReason
        let isSuccess: Bool
        let state: WorkerState
        var testDescription: String { "\(condition) after \(input)" }
    }

    static let cases: [Case] = {
        let ends: [(WorkerInput, EndReason, Bool)] = [
            (.exited(1, 0), .exit, true), (.exited(1, 1), .exit, false),
            (.died(1, by: 15), .signal, true), (.died(1, by: 1), .signal, true), (.died(1, by: 2), .signal, true),
            (.died(1, by: 13), .signal, true), (.died(1, by: 11), .signal, false), (.died(1, by: 9), .signal, false),
            (.gone(1, .signal(9, coreDumped: false), isOutOfMemory: true), .oomKill, false),
            (.gone(1, .code(0), isOutOfMemory: true), .oomKill, false),
            (.gone(1, .unknown, isOutOfMemory: false), .exit, false),
        ]
        return ends.flatMap { input, reason, isSuccess in
            RestartPolicy.Condition.allCases.map { condition in
                let state: WorkerState =
                    switch condition {
                    case .always: .starting
                    case .onFailure: isSuccess ? .done : .starting
                    case .never: isSuccess ? .done : .failed
                    }
                return Case(condition: condition, input: input, reason: reason, isSuccess: isSuccess, state: state)
            }
        }
    }()

    @Test("the policy decides by how it ended", arguments: cases) func policy(_ example: Case) {
        let worker = Subject.ready(.test(condition: example.condition))
        worker(example.input)
        #expect(worker.machine.state == example.state)
        #expect(worker.machine.lastEnd?.reason == example.reason)
        #expect(worker.machine.lastEnd?.isSuccess == example.isSuccess)
        #expect(worker.machine.restarts == (example.state == .starting ? 1 : 0))
    }

    @Test("other exit codes may be a success") func successCodes() {
        let worker = Subject(.test(condition: .onFailure))
        worker.policy.restart.successExitCodes = [0, 75]
        worker(.start)
        worker(.spawned(1))
        worker(.exited(1, 75))
        #expect(worker.machine.state == .done)
    }

    @Test("the first restart is immediate, the next ones wait, and the budget ends them") func series() {
        let worker = Subject.ready()
        #expect(worker(.exited(1)) == [.spawn(2), .discard(1)])
        var number: UInt64 = 2
        for seconds in [1, 2, 4, 8] {
            let wait = Duration.seconds(seconds)
            #expect(worker(.exited(number)) == [.arm(.restart, at: worker.now + wait), .discard(number)])
            #expect(worker.machine.state == .waiting)
            number += 1
            #expect(worker(.deadline(.restart), later: wait) == [.spawn(number)])
        }
        #expect(worker.events(.exited(number)).last == .failed)
        #expect(worker.machine.state == .failed)
        #expect(worker.machine.restarts == 5)
        #expect(!worker.machine.isOver)
    }

    @Test("a start revives what failed, with a new budget and without a wait") func revive() {
        let worker = Subject.ready()
        for number in UInt64(1)...6 {
            worker(.exited(number))
            worker(.deadline(.restart), later: .seconds(8))
        }
        #expect(worker.machine.state == .failed)
        #expect(worker(.start) == [.spawn(7)])
        #expect(worker(.exited(7)) == [.spawn(8), .discard(7)])
        #expect(worker(.exited(8)).first == .arm(.restart, at: worker.now + .seconds(1)))
    }

    @Test("failures far enough apart never spend the budget") func window() {
        let worker = Subject.ready()
        for number in UInt64(1)...50 {
            worker(.exited(number), later: .seconds(21))
            worker(.deadline(.restart), later: .seconds(8))
            worker(.spawned(number + 1))
            worker(.ready(number + 1))
            #expect(worker.machine.state == .ready)
        }
    }

    @Test("the waits begin anew after a stable run") func stable() {
        let worker = Subject.ready()
        worker(.exited(1))
        worker(.exited(2))
        worker(.deadline(.restart), later: .seconds(1))
        worker(.spawned(3))
        worker(.ready(3))
        #expect(worker(.exited(3), later: .seconds(100)) == [.spawn(4), .discard(3)])
    }

    @Test("a change of policy concerns the next end") func changedPolicy() {
        let worker = Subject.ready()
        worker.policy = .test(condition: .never)
        worker(.exited(1))
        #expect(worker.machine.state == .failed)
    }
}
