import CLinux
import Cadre

extension RouteTable {
    /// What this is, and how to speak to it; to be added last, as it lists all routes.
    mutating func addAbout(_ supervisor: Supervisor, version: String) {
        let path = "/v1"
        let routes = (routes.map { "\($0.method) \($0.path)" } + ["GET \(path)"]).sorted()
        get(path) { call in
            try call.answer(
                About(
                    name: "cadre", version: version, api: "v1", pid: getpid(), root: supervisor.rootPath,
                    startReason: supervisor.startReason, startCause: supervisor.startCause,
                    program: Supervisor.program, routes: routes))
        }
    }
}
