import Cadre
import HTTPTypes
import Hummingbird

extension RouteTable {
    /// Whether enough workers are ready, for load balancers and the like: 200 or 503.
    mutating func addHealth(_ supervisor: Supervisor) {
        get("/health") { call in
            try call.answer(Health(of: await supervisor.state()))
        }
        get("/health/{service}") { call in
            let name = call.parameter("service")
            let services = await supervisor.state().services
            guard let service = services.first(where: { $0.name == name }) else {
                throw Problem(UnknownNameError(name: name, services: services.map(\.name)))
            }
            return try call.answer(Health(of: service))
        }
    }
}

extension Call {
    fileprivate func answer(_ health: Health) throws -> Response {
        var response = try answer(health, status: health.isHealthy ? .ok : .serviceUnavailable)
        response.headers[.cacheControl] = "no-store"
        return response
    }
}

extension Health {
    fileprivate init(of state: FleetState) {
        self.init(
            isHealthy: state.isHealthy, ready: state.services.reduce(0) { $0 + $1.ready },
            fulfilled: state.services.reduce(0) { $0 + $1.fulfilled },
            wanted: state.services.reduce(0) { $0 + $1.wanted }, healthyPercentage: state.healthyPercentage,
            unhealthy: state.services.filter { !$0.isHealthy }.map(\.name))
    }

    fileprivate init(of service: ServiceState) {
        self.init(
            isHealthy: service.isHealthy, ready: service.ready, fulfilled: service.fulfilled, wanted: service.wanted,
            healthyPercentage: service.healthyPercentage, unhealthy: service.isHealthy ? [] : [service.name])
    }
}
