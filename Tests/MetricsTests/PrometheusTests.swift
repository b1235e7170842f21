import Reactor
import Specification
import Testing

@testable import Cadre
@testable import ControlAPI

/// What Prometheus' own programs and its Python library make of the metrics and of `examples/prometheus`.
@Suite(.needsTools) struct PrometheusTests {
    /// The names of all samples there are.
    private let names: Set<String>

    init() throws {
        names = Set(try Exposition(text(.example(), aliases: [.monoceros])).samples.map(\.name))
    }

    // MARK: The text

    @Test(
        "promtool check metrics has nothing to say", arguments: [[], [.monoceros]] as [Set<MetricsSpecification.Alias>])
    func checkMetrics(aliases: Set<MetricsSpecification.Alias>) throws {
        let (code, output) = try run(
            [Tools.promtool, "check", "metrics"], input: text(.example(), .prometheus, aliases: aliases))
        #expect(code == 0 && output == "")
    }

    @Test("Prometheus' parser of OpenMetrics reads every sample")
    func openMetrics() throws {
        let text = text(.example(), aliases: [.monoceros])
        let script = """
            import sys
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
            for family in text_string_to_metric_families(sys.stdin.read()):
                for sample in family.samples:
                    labels = ",".join(f"{name}={value!r}" for name, value in sorted(sample.labels.items()))
                    print(f"{sample.name} {labels} {float(sample.value)!r}")
            """
        let (code, output) = try run([Tools.python, "-c", script], input: text)
        #expect(code == 0)
        let expected = try Exposition(text).samples.map { sample in
            let labels = sample.labels.sorted { $0.key < $1.key }.map { name, value in
                "\(name)='\(value.replacing("\\", with: "\\\\"))'"
            }
            let value = sample.value == .infinity ? "inf" : "\(sample.value)"
            return "\(sample.name) \(labels.joined(separator: ",")) \(value)"
        }
        #expect(output.split(separator: "\n").map(String.init) == expected)
    }

    // MARK: The examples

    @Test("the configuration and the alerts are valid")
    func checkConfig() throws {
        for arguments in [["config", "prometheus.yml"], ["rules", "--lint-fatal", "cadre.rules.yml"]] {
            let (code, output) = try run(
                [Tools.promtool, "check"] + arguments.dropLast() + ["\(Tools.examples)/\(arguments.last ?? "")"])
            #expect(code == 0 && !output.contains("FAILED"), "\(output)")
        }
    }

    @Test("every alert fires when it should, and not before")
    func testRules() throws {
        let (code, output) = try run([Tools.promtool, "test", "rules", "\(Tools.examples)/cadre.rules.test.yml"])
        #expect(code == 0, "\(output)")
        let alerts = try example("cadre.rules.yml").matches(of: /- alert: (\w+)/).map { String($0.output.1) }
        let tested = try example("cadre.rules.test.yml").matches(of: /alertname: (\w+)\n +exp_alerts:\n/)
        #expect(Set(alerts) == Set(tested.map { String($0.output.1) }) && alerts.count > 10)
    }

    @Test("the alerts and the dashboard name only metrics that there are")
    func metricNames() throws {
        let dashboard = try Dashboard.example()
        let texts =
            [try example("cadre.rules.yml"), try example("cadre.rules.test.yml")] + dashboard.expressions
            + dashboard.templating.list.compactMap(\.definition)
        for text in texts {
            for name in text.matches(of: /\b(cadre|monoceros)_\w+/).map({ String($0.output.0) }) {
                #expect(names.contains(name))
            }
        }
    }

    @Test("every metric has its place in the documentation")
    func documented() throws {
        let readme = try example("README.md")
        for name in names {
            let family = name.replacing(/_(bucket|sum|count)$/, with: "")
            #expect(readme.contains("`\(family)`"), "\(family)")
        }
        for name in readme.matches(of: /`((cadre|monoceros)_\w+)`/).map({ String($0.output.1) }) {
            #expect(names.contains { $0 == name || $0 == "\(name)_count" }, "\(name)")
        }
    }

    @Test("the dashboard's panels have numbers and places of their own, and variables that there are")
    func panels() throws {
        let dashboard = try Dashboard.example()
        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
        var taken: Set<[Int]> = []
        for panel in dashboard.panels {
            let place = panel.gridPos
            #expect(place.x >= 0 && place.x + place.w <= 24)
            for x in place.x..<(place.x + place.w) {
                for y in place.y..<(place.y + place.h) { #expect(taken.insert([x, y]).inserted, "\(panel.title)") }
            }
        }
        let variables = Set(dashboard.templating.list.map(\.name))
        let used = try example("grafana-dashboard.json").matches(of: /\$\{?([a-z]\w*)/).map { String($0.output.1) }
        #expect(variables == ["datasource", "instance", "service", "worker"] && Set(used) == variables)
    }

    private func example(_ name: String) throws -> String {
        try Descriptor.open("\(Tools.examples)/\(name)").readText()
    }

    // MARK: A server

    @Test("a Prometheus scrapes the metrics, and answers each expression of the dashboard and the alerts")
    func server() throws {
        let scratch = try Scratch()
        let page = try scratch.write("metrics", text(.example(), aliases: [.monoceros]))
        let server = try PrometheusServer(
            scraping: "file://\(page)", as: MetricsFormat.openMetrics.contentType, in: scratch)
        let values = try server.query([
            "cadre_service_workers_ready{service='web'}", "cadre_service_ready_duration_seconds_count{service='web'}",
            "monoceros_workerpool_process_open_fds", "cadre_worker_cpu_seconds_total{worker='1', mode='user'}",
        ])
        #expect(values == [["1"], ["3"], ["12"], ["0.5"]])
        let rules = try example("cadre.rules.yml").matches(of: /expr: (?:>-\n)?((?:.|\n)+?)\n +(?:for|labels):/)
        let expressions = try Dashboard.example().expressions + rules.map { String($0.output.1) }
        #expect(expressions.count > 60)
        #expect(try server.query(expressions).count == expressions.count)
        // Every name in the expressions has a figure, so that no panel stays empty for a misspelt label.
        let selectors = expressions.flatMap { $0.matches(of: /cadre_\w+(\{[^}]*\})?/) }.map { String($0.output.0) }
        for (selector, values) in zip(selectors, try server.query(selectors)) {
            #expect(!values.isEmpty, "\(selector)")
        }
        try server.stop()
    }
}
