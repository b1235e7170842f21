import Cadre
import Hummingbird
import NIOCore
import Supervision

extension RouteTable {
    /// How things stand.
    mutating func addStatus(_ supervisor: Supervisor) {
        get("/v1/status", query: ["name", "statistics"]) { call in
            let names = call.values("name")
            let withStatistics = try call.flag("statistics", default: true)
            return try call.answer(
                try await refusable {
                    try await supervisor.snapshot(of: names.isEmpty ? nil : names, withStatistics: withStatistics)
                })
        }
        get("/v1/services/{service}") { call in
            let name = call.parameter("service")
            let service = try await refusable {
                try await supervisor.snapshot(of: [name]).services.first { $0.name == name }
            }
            guard let service else { throw await unknown(name, supervisor) }
            return try call.answer(service)
        }
        get("/v1/services/{service}/workers/{worker}") { call in
            let id = try await worker(call, supervisor)
            let snapshot = try await refusable {
                try await supervisor.snapshot(of: ["\(id)"])
            }
            guard let worker = snapshot.services.first?.workers.first else { throw await unknown("\(id)", supervisor) }
            return try call.answer(worker)
        }
        get("/v1/services/{service}/workers/{worker}/incarnations") { call in
            let id = try await worker(call, supervisor)
            return try call.answer(
                try await refusable { try await supervisor.incarnations(of: id) })
        }
    }

    /// Everything about a worker; what the worker tells itself is asked for on `eventLoop`.
    mutating func addInspection(_ supervisor: Supervisor, on eventLoop: any EventLoop) {
        get("/v1/services/{service}/workers/{worker}/inspect") { call in
            let id = try await worker(call, supervisor)
            var inspection = try await refusable {
                try await supervisor.inspect(id)
            }
            if let question = inspection.introspection, inspection.controlGroup != nil {
                inspection.introspection = await IntrospectionRequest(eventLoop: eventLoop).perform(question)
            }
            return try call.answer(inspection)
        }
    }
}

/// The worker that a path names, whether there is one or not.
private func worker(_ call: Call, _ supervisor: Supervisor) async throws(Problem) -> WorkerID {
    let (service, text) = (call.parameter("service"), call.parameter("worker"))
    guard let number = Int(text), "\(number)" == text, number >= 0 else {
        throw await unknown("\(service)/\(text)", supervisor)
    }
    return WorkerID(service: service, number: number)
}

private func unknown(_ name: String, _ supervisor: Supervisor) async -> Problem {
    Problem(UnknownNameError(name: name, services: await supervisor.state().services.map(\.name)))
}
