/// How exposed a host is to a service whose program falls into wrong hands, in the manner of `systemd-analyze security`:
/// from 0, which is as little as settings can do, to 10.
///
/// It looks at what the specification says and at nothing else. Each check has a weight and tells how much of it is left
/// open; the exposure is what is left open of all weights, times 10. The weights are those that systemd has for the same
/// setting where it has one (`systemd-analyze security`, security_assessor_table).
public struct SecurityAssessment: Hashable, Sendable, Codable {
    /// What is looked at.
    public struct Check: Hashable, Sendable, Codable {
        /// The key, as in the file.
        public var key: String
        /// What the worker can do, or can't, as a sentence.
        public var finding: String
        /// How much it counts.
        public var weight: Int
        /// How much of that is left open, 0 to 1.
        public var open: Double
        /// What to write in the service's table to close it; nil if nothing is left open.
        public var advice: String?
        /// How much of the exposure is due to it.
        public var exposure: Double
    }

    /// The service's name.
    public var service: String
    /// 0 to 10, with one digit behind the point.
    public var exposure: Double
    /// The same in a word of systemd's: `PERFECT`, `SAFE`, `OK`, `MEDIUM`, `EXPOSED`, `UNSAFE`, `DANGEROUS`.
    public var level: String
    /// All that is looked at, the weightiest first.
    public var checks: [Check]
    /// The keys of the three settings that are worth most, the best first.
    public var worthMost: [String]

    /// Those three.
    public var advice: [Check] { worthMost.compactMap { key in checks.first { $0.key == key } } }

    /// Looks at a service.
    public init(of service: ServiceSpecification) {
        self.service = service.name
        var checks = SecurityChecks(service).all
        let total = Double(checks.reduce(0) { $0 + $1.weight })
        for index in checks.indices {
            checks[index].exposure = 10 * Double(checks[index].weight) * checks[index].open / total
        }
        exposure = (checks.reduce(0) { $0 + $1.exposure } * 10).rounded() / 10
        level = Self.level(of: exposure)
        worthMost = checks.filter { $0.advice != nil }.sorted { $0.exposure > $1.exposure }.prefix(3).map(\.key)
        self.checks = checks.enumerated()
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }.map(\.element)
    }

    /// As systemd names it.
    private static func level(of exposure: Double) -> String {
        let levels = [
            (10, "DANGEROUS"), (9, "UNSAFE"), (7.5, "EXPOSED"), (5, "MEDIUM"), (1, "OK"), (0.1, "SAFE"),
        ]
        return levels.first { exposure >= $0.0 }?.1 ?? "PERFECT"
    }
}
