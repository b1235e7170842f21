/// A text format for metrics.
public enum MetricsFormat: Hashable, Sendable, CaseIterable {
    /// OpenMetrics 1.0.
    case openMetrics
    /// The text format 0.0.4 of Prometheus.
    case prometheus

    /// What it is called in the Content-Type header.
    public var contentType: String {
        switch self {
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        }
    }

    /// What a client wants most by its Accept header (RFC 9110, section 12.5.1): OpenMetrics if it names it, else text,
    /// which everyone can read.
    public init(accept: String?) {
        var best = (format: MetricsFormat.prometheus, weight: 0.0)
        for range in (accept ?? "").split(separator: ",") {
            guard let (format, weight) = Self.parse(range) else { continue }
            if weight > best.weight || (weight == best.weight && format == .openMetrics) { best = (format, weight) }
        }
        self = best.format
    }

    /// What one media range stands for and how much it is wanted; nil if it is neither format or not wanted.
    private static func parse(_ range: Substring) -> (MetricsFormat, Double)? {
        var parameters = range.split(separator: ";").map { trimmed($0).lowercased() }
        guard !parameters.isEmpty else { return nil }
        let type = parameters.removeFirst()
        var version: String?
        var weight = 1.0
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1).map(trimmed)
            guard parts.count == 2 else { continue }
            if parts[0] == "q" { weight = Double(parts[1]) ?? 0 }
            if parts[0] == "version" { version = parts[1].filter { $0 != "\"" } }
        }
        guard weight > 0 else { return nil }
        switch (type, version) {
        case ("application/openmetrics-text", nil), ("application/openmetrics-text", "1.0.0"):
            return (.openMetrics, weight)
        case ("text/plain", nil), ("text/plain", "0.0.4"), ("text/*", nil), ("*/*", nil): return (.prometheus, weight)
        default: return nil
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
