import Cadre
import Hummingbird
import Supervision

extension RouteTable {
    /// How what is new gets to workers.
    mutating func addRollouts(_ supervisor: Supervisor) {
        let path = "/v1/services/{service}/rollout"
        get(path) { call in
            try call.answer(
                try await refusable { try await supervisor.rolloutSnapshot(of: call.parameter("service")) })
        }
        for action in RolloutAction.allCases {
            post("\(path)/\(action.rawValue)", query: Wait.parameters) { call in
                let wait = try Wait(call)
                try await call.expectNoBody()
                let service = call.parameter("service")
                let order = try await call.change(supervisor, "rollout \(action.rawValue)", of: [service]) {
                    try await supervisor.rollout(action, of: service, rights: call.rights)
                }
                return try await wait.answer(call, supervisor, order) { CommandResult(outcomes: $0) }
            }
        }
    }
}
