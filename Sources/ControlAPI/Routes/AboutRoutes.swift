import CLinux
import Cadre

extension RouteTable {
    /// What this is, and how to speak to it.
    mutating func addAbout(_ supervisor: Supervisor, version: String) {
        get("/v1") { call in
            let about = About(
                name: "cadre", version: version, api: "v1", pid: getpid(), root: supervisor.rootPath)
            return try call.answer(about)
        }
    }
}
