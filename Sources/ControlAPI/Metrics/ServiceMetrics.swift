import Cadre
import ControlGroups
import Supervision

/// A service as metrics show it.
struct ServiceSubject: ResourceSubject {
    let labels: MetricLabels
    let service: ServiceState
    let usage: Usage?
    let statistics: Statistics?
    /// How many workers are in which state.
    let states: [WorkerState: Int]

    init(_ service: ServiceState, _ survey: Survey) {
        labels = MetricLabels(("service", service.name))
        self.service = service
        statistics = survey.services[service.name]
        usage = statistics.map { Usage($0) }
        states = service.workers.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    }
}

/// What each service has.
///
/// What it used is what its own cgroup says, which keeps the figures of all that ever ran in it. Two figures are only
/// the workers': `cpu.max` holds back their cgroups, and before Linux 6.11 a `pids.max` that was hit is told of in
/// their cgroups alone.
let serviceFamilies: [MetricFamily<ServiceSubject>] =
    [
        MetricFamily("cadre_service_workers_wanted", .gauge, "How many workers the service is to have.") {
            .integer(UInt64($0.service.wanted))
        },
        MetricFamily("cadre_service_workers_ready", .gauge, "How many workers are ready.") {
            .integer(UInt64($0.service.ready))
        },
        MetricFamily(
            "cadre_service_workers", .gauge, "How many workers are in which state.",
            by: "state", WorkerState.allCases.map { ($0.rawValue, $0) }
        ) { .integer(UInt64($0.states[$1] ?? 0)) },
        MetricFamily("cadre_service_healthy", .gauge, "Whether enough workers are ready, by healthy_percentage.") {
            .flag($0.service.isHealthy)
        },
        MetricFamily(
            "cadre_service_rollout", .gauge, "Where the latest roll-out is; nowhere if there was none.",
            by: "state", [("paused", nil)] + Rollout.State.allCases.map { ($0.rawValue, $0) }
        ) { subject, state in
            let rollout = subject.service.rollout
            return .flag(rollout?.isPaused == true ? state == nil : state != nil && state == rollout?.state)
        },
        MetricFamily(
            "cadre_service_outdated_workers", .gauge,
            "How many workers run another specification than the one in force, or the one that is rolled out."
        ) { subject in .integer(UInt64(subject.service.outdated)) },
        MetricFamily(
            "cadre_service_restarts", .counter,
            "Restarts by the reason why the earlier incarnation ended, workers included that were scaled away.",
            by: "reason", EndReason.allCases.map { ($0.rawValue, $0) }
        ) { .integer(UInt64($0.service.counters.restarts[$1] ?? 0)) },
        MetricFamily(
            "cadre_service_kills", .counter,
            "Incarnations that were killed, by command or as they did not stop in time."
        ) { .integer(UInt64($0.service.counters.kills)) },
    ] + resourceFamilies("cadre_service", of: "the service", now: "the service")
