import Testing

/// A supervisor that is killed at any instant is followed by one that goes on as if nothing had happened.
@Suite(.needsControlGroups, .needsRoot) struct SupervisorDeathTests {
    @Test("a supervisor may be killed after any system call of a start, a restart, a crash and a stop")
    func everySystemCall() throws {
        try withSupervisor({ Ordeal.toml($0) }) { supervisor in
            let ordeal = try Ordeal(supervisor)
            var calls: [Ordeal.Command: Int] = [:]
            var crashes: Set<UInt64> = []
            var n = 0
            let order: [Ordeal.Command] = [.restart, .crash, .stop, .start]
            while calls.count < order.count {
                n += 1
                for command in order {
                    do {
                        let last = ordeal.expected[0].last
                        let count = try ordeal.suffer(command, killedAfter: n)
                        if command == .crash, ordeal.expected[0].last > last { crashes.insert(last) }
                        if let count, calls[command] == nil { calls[command] = count }
                    } catch {
                        print("killed after call \(n) of \(command.rawValue):", error)
                        throw error
                    }
                }
                try ordeal.checkHistory(crashes: crashes)
            }
            print("killed \(ordeal.deaths) times; calls:", calls.map { "\($0.key.rawValue) \($0.value)" })
        }
    }
}
