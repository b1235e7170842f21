import CLinux
import Cadre
import HTTPTypes
import Processes
import Supervision

extension RouteTable {
    /// What workers are told to do.
    mutating func addCommands(_ supervisor: Supervisor) {
        let commands: [(String, WorkerCommand)] = [
            ("start", .start), ("stop", .stop), ("restart", .restart), ("reset", .reset), ("kill", .kill),
            ("freeze", .freeze), ("thaw", .thaw),
        ]
        for (name, command) in commands {
            post("/v1/\(name)", query: Wait.parameters) { call in
                let wait = try Wait(call)
                let request = try await call.body(CommandRequest.self)
                let order = try await refusable { try await supervisor.give(command, to: request.names) }
                return try await wait.answer(call, supervisor, order) { CommandResult(outcomes: $0) }
            }
        }
        post("/v1/signal", query: Wait.parameters) { call in
            let wait = try Wait(call)
            let request = try await call.body(SignalRequest.self)
            guard let signal = Signal(name: request.signal) else {
                throw Problem(.invalid, "there is no signal \"\(request.signal)\"; write one such as HUP, SIGHUP or 1")
            }
            let command = WorkerCommand.signal(signal.rawValue, to: request.to ?? .leader)
            let order = try await refusable { try await supervisor.give(command, to: request.names) }
            return try await wait.answer(call, supervisor, order) { CommandResult(outcomes: $0) }
        }
        post("/v1/upgrade") { call in
            let request = try await call.body(UpgradeRequest.self)
            if request.program != nil { try call.requireOwner("have another program run") }
            let program = try await refusable { try await supervisor.upgrade(to: request.program) }
            return try call.answer(UpgradeResult(program: program, pid: getpid()), status: .accepted)
        }
        post("/v1/hand-over") { call in
            let request = try await call.body(HandOverRequest.self)
            try call.requireOwner("have another supervisor take over")
            try await refusable { try await supervisor.handOver(toKeeperAt: request.path) }
            return try call.answer(CommandResult(outcomes: []), status: .accepted)
        }
        post("/v1/shutdown") { call in
            try await call.expectNoBody()
            await supervisor.stop()
            return try call.answer(CommandResult(outcomes: []), status: .accepted)
        }
    }
}

extension Supervisor {
    /// Gives those a command whom a request names; nobody else's comes between.
    fileprivate func give(_ command: WorkerCommand, to names: [String]) throws -> Order {
        if names.isEmpty { throw Problem(.malformed, "names is empty; name services or workers, such as web or web/0") }
        return try self.command(command, on: try workers(matching: names))
    }
}

extension Problem {
    /// The problem that a name is of nothing.
    init(_ error: UnknownNameError) {
        self.init(.unknownName, error.description)
    }

    /// The problem that a command can't be followed.
    init(_ error: CommandError) {
        switch error {
        case .unknown(let error): self.init(error)
        case .conflict(let reason), .failed(let reason): self.init(.conflict, reason)
        case .invalid(let reason): self.init(.invalid, reason)
        }
    }
}
