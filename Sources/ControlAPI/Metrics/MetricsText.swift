public import Cadre
public import Specification
import Supervision

/// Metrics as text, for Prometheus and others.
public enum MetricsText {
    /// Writes all metrics.
    ///
    /// - Parameters:
    ///   - survey: What they are made of; its `Survey/leaders` as ``leaders(for:)`` says.
    ///   - format: In which format.
    ///   - aliases: Under which further names.
    ///   - version: The program's version.
    public static func metrics(
        of survey: Survey, format: MetricsFormat, aliases: Set<MetricsSpecification.Alias> = [], version: String
    ) -> [UInt8] {
        let services = survey.state.services.map { ServiceSubject($0, survey) }
        let workers = survey.state.services.flatMap { service in
            service.workers.map { worker in
                WorkerSubject(
                    worker, survey, MetricLabels(("service", service.name), ("worker", "\(worker.id.number)")))
            }
        }
        // A worker has some 5 kB, and there is room for growth before it is all copied.
        var writer = MetricsWriter(format: format, capacity: 16384 + services.count * 10240 + workers.count * 7168)
        writer.write(core: survey.state, version: version)
        writer.write(serviceFamilies, of: services, survey.groups)
        writer.family(
            "cadre_service_ready_duration_seconds", .histogram, help: "From execution to readiness, each time.")
        for service in services { writer.histogram(service.labels, service.service.counters.readyTimes) }
        writer.family(
            "cadre_service_stop_duration_seconds", .histogram,
            help: "From the signal to the end of the last process, each time.")
        for service in services { writer.histogram(service.labels, service.service.counters.stopTimes) }
        writer.write(workerFamilies, of: workers, survey.groups)
        for alias in MetricsSpecification.Alias.allCases where aliases.contains(alias) {
            switch alias {
            case .monoceros: writer.writeMonoceros(survey, version: version)
            }
        }
        return writer.finish()
    }

    /// What a survey has to read of the workers' leaders for these metrics.
    public static func leaders(for aliases: Set<MetricsSpecification.Alias>) -> LeaderFigures {
        aliases.contains(.monoceros) ? .all : .descriptors
    }
}

extension MetricsWriter {
    /// What the supervisor tells of itself.
    fileprivate mutating func write(core state: FleetState, version: String) {
        family("cadre_build", .info, help: "The supervisor's version.")
        sample(MetricLabels(("version", version)), nil, .integer(1))
        family("cadre_healthy", .gauge, help: "Whether enough workers are ready, in all and of each service.")
        sample(nil, nil, .flag(state.isHealthy))
        family("cadre_events", .counter, help: "Events of workers, services and the supervisor so far.")
        sample(nil, nil, .integer(state.lastEvent.number))
        family("cadre_core_wakeups", .counter, help: "How often the core's thread woke from sleep.")
        sample(nil, nil, .integer(state.core.wakeUps))
        family(
            "cadre_core_turn_duration_seconds", .histogram,
            help: "How long the core's thread was busy between two looks for events, which wait for that long.")
        histogram(nil, state.core.turns)
    }
}
