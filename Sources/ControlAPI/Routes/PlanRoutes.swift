import Cadre
import Specification

extension RouteTable {
    /// What is to run, and within which limits.
    mutating func addPlan(_ supervisor: Supervisor) {
        get("/v1/plan") { call in
            try call.answer(try await refusable { try await supervisor.plan() })
        }
        post("/v1/apply", query: Wait.parameters) { call in
            let wait = try Wait(call)
            try await call.expectNoBody()
            let (plan, order) = try await call.change(supervisor, "apply", of: []) {
                try await supervisor.apply(rights: call.rights)
            }
            return try await wait.answer(call, supervisor, order) { ApplyResult(plan: plan, outcomes: $0) }
        }
        post("/v1/scale", query: Wait.parameters) { call in
            let wait = try Wait(call)
            let request = try await call.body(ScaleRequest.self)
            let changes = try request.changes
            let objects = request.counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let order = try await call.change(supervisor, "scale", of: objects) {
                try await supervisor.scale(changes, rights: call.rights)
            }
            return try await wait.answer(call, supervisor, order) { CommandResult(outcomes: $0) }
        }
        post("/v1/limit") { call in
            let request = try await call.body(LimitRequest.self)
            if request.names.isEmpty { throw Problem(.malformed, "names is empty; name services, such as web") }
            let limits = request.limits.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            let services = try await call.change(supervisor, "limit\(limits)", of: request.names) {
                try await supervisor.limit(
                    request.names, try LimitChange.parse(request.limits), force: request.force ?? false,
                    rights: call.rights)
            }
            return try call.answer(LimitResult(services: services))
        }
    }
}

extension ScaleRequest {
    fileprivate var changes: [String: CountChange] {
        get throws(Problem) {
            if counts.isEmpty { throw Problem(.malformed, "counts is empty; name services, as in {\"web\": \"+2\"}") }
            var changes: [String: CountChange] = [:]
            for (name, text) in counts {
                do {
                    changes[name] = try CountChange.parse(text)
                } catch {
                    throw Problem(.invalid, "\(name): \(error)")
                }
            }
            return changes
        }
    }
}
