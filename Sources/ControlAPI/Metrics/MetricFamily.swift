import Cadre
import ControlGroups
import Supervision

/// A family of metrics that each of many subjects, services or workers, has samples of.
struct MetricFamily<Subject>: Sendable {
    /// Its name, without `_total`.
    let name: String
    let kind: MetricKind
    let help: String
    /// What the kernel has to keep for it; without that the family is left out.
    let groups: StatisticsGroups
    /// The samples: what tells one from another, and how its value is found; nil is no sample.
    let samples: [(labels: MetricLabels?, value: @Sendable (Subject) -> MetricValue?)]

    init(
        _ name: String, _ kind: MetricKind, _ help: String, needs groups: StatisticsGroups = [],
        _ value: @escaping @Sendable (Subject) -> MetricValue?
    ) {
        (self.name, self.kind, self.help, self.groups) = (name, kind, help, groups)
        samples = [(nil, value)]
    }

    /// A family of which each subject has several samples, told apart by a label.
    init<Case>(
        _ name: String, _ kind: MetricKind, _ help: String, needs groups: StatisticsGroups = [], by label: String,
        _ cases: [(name: String, value: Case)], _ value: @escaping @Sendable (Subject, Case) -> MetricValue?
    ) where Case: Sendable {
        (self.name, self.kind, self.help, self.groups) = (name, kind, help, groups)
        samples = cases.map { (name, element) in (MetricLabels((label, name)), { value($0, element) }) }
    }
}

extension MetricsWriter {
    /// Writes families of all subjects.
    mutating func write<Subject>(
        _ families: [MetricFamily<Subject>], of subjects: [Subject], _ groups: StatisticsGroups
    ) where Subject: MetricSubject {
        for definition in families where groups.isSuperset(of: definition.groups) {
            family(definition.name, definition.kind, help: definition.help)
            for subject in subjects {
                for (labels, value) in definition.samples {
                    if let value = value(subject) { sample(subject.labels, labels, value) }
                }
            }
        }
    }
}

/// What metrics are about.
protocol MetricSubject: Sendable {
    /// What names it.
    var labels: MetricLabels { get }
}

/// What has used resources.
protocol ResourceSubject: MetricSubject {
    /// What it has used so far; nil if that isn't known for sure, as it must not go back.
    var usage: Usage? { get }
    /// What it uses now.
    var statistics: Statistics? { get }
}

extension MetricFamily where Subject: ResourceSubject {
    /// A counter of something used.
    init(
        _ name: String, _ help: String, needs groups: StatisticsGroups = [],
        _ figure: @escaping @Sendable (Usage) -> MetricValue
    ) {
        self.init(name, .counter, help, needs: groups) { $0.usage.map(figure) }
    }

    /// Counters of something used, told apart by a label.
    init(
        _ name: String, _ help: String, needs groups: StatisticsGroups = [], by label: String,
        _ figures: KeyValuePairs<String, @Sendable (Usage) -> MetricValue>
    ) {
        self.init(name, .counter, help, needs: groups, by: label, figures.map { ($0.key, $0.value) }) {
            subject, figure in subject.usage.map(figure)
        }
    }

    /// A gauge of memory.
    init(_ name: String, _ help: String, _ figure: @escaping @Sendable (MemoryStatistics) -> UInt64?) {
        self.init(name, .gauge, help, needs: .memory) { subject in
            (subject.statistics?.memory).flatMap(figure).map { .integer($0) }
        }
    }
}
