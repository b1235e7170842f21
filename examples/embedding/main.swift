import Cadre
import Logging
import Specification
import Supervision

var service = ServiceSpecification(name: "clock", command: ["sh", "-c", "date; sleep 1"])
service.workers = .count(2)
service.policy.restart.budget = 2
let options = Options(runtimeDirectory: "/tmp/cadre-clock", isBestEffort: true, endsWhenIdle: true)
let supervisor = try Supervisor(
    Specification(services: [service]), options: options, logger: Logger(label: "clock"))
try await supervisor.run()
