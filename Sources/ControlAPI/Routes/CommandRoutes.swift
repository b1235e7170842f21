import CLinux
import Cadre
import HTTPTypes
import NIOCore
import Processes
import Supervision

extension RouteTable {
    /// What workers are told to do.
    mutating func addCommands(_ supervisor: Supervisor, on eventLoop: any EventLoop) {
        // What is written is on its way when the event loop has come to it.
        let departure: @Sendable () async -> Void = {
            try? await eventLoop.submit {}.get()
            await supervisor.depart()
        }
        let commands: [(String, WorkerCommand)] = [
            ("start", .start), ("stop", .stop), ("restart", .restart), ("reset", .reset), ("kill", .kill),
            ("freeze", .freeze), ("thaw", .thaw),
        ]
        for (name, command) in commands {
            post("/v1/\(name)", query: Wait.parameters) { call in
                let wait = try Wait(call)
                let request = try await call.body(CommandRequest.self)
                let order = try await call.change(supervisor, name, of: request.names) {
                    try await supervisor.give(command, to: request.names, call.rights)
                }
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
            let recipients = request.to.map { " to \($0.rawValue)" } ?? ""
            let order = try await call.change(supervisor, "signal \(signal)\(recipients)", of: request.names) {
                try await supervisor.give(command, to: request.names, call.rights)
            }
            return try await wait.answer(call, supervisor, order) { CommandResult(outcomes: $0) }
        }
        post("/v1/upgrade") { call in
            let request = try await call.body(UpgradeRequest.self)
            let program = try await call.change(supervisor, "upgrade", of: [request.program].compactMap(\.self)) {
                try call.requireAll("replace the supervisor")
                if request.program != nil { try call.requireOwner("have another program run") }
                return try await supervisor.upgrade(to: request.program)
            }
            return try call.answer(UpgradeResult(program: program, pid: getpid()), status: .accepted, then: departure)
        }
        post("/v1/hand-over") { call in
            let request = try await call.body(HandOverRequest.self)
            try await call.change(supervisor, "hand-over", of: [request.path]) {
                try call.requireOwner("have another supervisor take over")
                try await supervisor.handOver(toKeeperAt: request.path)
            }
            return try call.answer(CommandResult(outcomes: []), status: .accepted, then: departure)
        }
        post("/v1/shutdown") { call in
            try await call.expectNoBody()
            try await call.change(supervisor, "shutdown", of: []) {
                try call.requireAll("stop all of them")
                await supervisor.stop()
            }
            return try call.answer(CommandResult(outcomes: []), status: .accepted)
        }
    }
}

extension Supervisor {
    /// Gives those a command whom a request names; nobody else's comes between.
    fileprivate func give(_ command: WorkerCommand, to names: [String], _ rights: ServiceRights) throws -> Order {
        if names.isEmpty { throw Problem(.malformed, "names is empty; name services or workers, such as web or web/0") }
        return try self.command(command, on: try workers(matching: names), rights: rights)
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
        case .forbidden(let reason): self.init(.forbidden, reason)
        }
    }
}
