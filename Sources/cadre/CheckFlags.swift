import ArgumentParser
import Specification
import Supervision

/// The values of `--ready` and `--health`.
extension RunCommand {
    func setReady(of service: inout ServiceSpecification) throws {
        let (way, value) = parts(ready)
        switch (way, value) {
        case ("exec", nil): service.policy.readiness = .exec
        case ("notify", nil): service.policy.readiness = .notify
        case ("log", let text?) where !text.isEmpty:
            service.policy.readiness = .log
            service.readyLine = text
        case ("tcp", _?), ("http", _?):
            service.policy.readiness = way == "tcp" ? .tcp : .http
            service.readyProbe = try check(ready, "--ready")
        default:
            throw ValidationError(
                "--ready: \"\(ready)\" is no way to be ready; write exec, notify, tcp=127.0.0.1:8080, "
                    + "http=http://127.0.0.1:8080/ready or log=\"listening on\"")
        }
    }

    func setHealth(of service: inout ServiceSpecification) throws {
        guard let health else { return }
        service.healthProbe = HealthProbe(target: try check(health, "--health"))
        service.policy.health = HealthPolicy()
    }

    private func check(_ text: String, _ flag: String) throws -> ProbeTarget {
        let (way, value) = parts(text)
        do throws(FormatError) {
            switch (way, value) {
            case ("tcp", let address?): return try ProbeTarget.parse(address: template(address))
            case ("http", let url?): return try ProbeTarget.parse(url: template(url))
            default:
                throw FormatError(
                    "\"\(text)\" is no check; write tcp=127.0.0.1:8080 or http=http://127.0.0.1:8080/health")
            }
        } catch {
            throw ValidationError("\(flag): \(error)")
        }
    }

    private func parts(_ text: String) -> (way: Substring, value: String?) {
        guard let equals = text.firstIndex(of: "=") else { return (text[...], nil) }
        return (text[..<equals], String(text[text.index(after: equals)...]))
    }
}
