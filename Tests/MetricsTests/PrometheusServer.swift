import Testing

/// A Prometheus that scrapes something, and has scraped it once when it is there.
final class PrometheusServer {
    private let relay: Program
    private let server: Program
    private let address: String

    /// Starts it.
    ///
    /// - Parameters:
    ///   - url: What it scrapes, by way of a relay that tells when it was asked.
    ///   - contentType: What that is taken for; nil for what its server says.
    ///   - scratch: Where it keeps its data.
    init(scraping url: String, as contentType: String? = nil, in scratch: Scratch) throws {
        relay = try Program(
            [Tools.python, "\(Tools.source)/Tests/MetricsTests/relay.py", url] + (contentType.map { [$0] } ?? []))
        let port = try relay.expect("port ").dropFirst(5)
        let configuration = try scratch.write(
            "prometheus.yml",
            """
            global: { scrape_interval: 250ms, scrape_timeout: 250ms }
            scrape_configs:
              - job_name: cadre
                static_configs: [ { targets: ["127.0.0.1:\(port)"] } ]
            """)
        server = try Program([
            Tools.prometheus, "--config.file", configuration, "--storage.tsdb.path", "\(scratch.path)/data",
            "--web.listen-address", "127.0.0.1:0",
        ])
        address = String(try server.expect("msg=\"Listening on\"").split(separator: "address=").last ?? "")
        try server.expect("Server is ready")
        // It scrapes one at a time, so what the first scrape brought is there when the second one comes.
        try relay.expect("answered /metrics")
        try relay.expect("answered /metrics")
    }

    /// The values that each expression has now.
    func query(_ expressions: [String], at location: SourceLocation = #_sourceLocation) throws -> [[String]] {
        let script = """
            import json, sys, urllib.error, urllib.parse, urllib.request
            for expression in sys.stdin.read().split(chr(0)):
                query = urllib.parse.urlencode({"query": expression})
                try:
                    with urllib.request.urlopen("http://\(address)/api/v1/query?" + query) as response:
                        print(*(series["value"][1] for series in json.load(response)["data"]["result"]))
                except urllib.error.HTTPError as error:
                    sys.exit(f"{expression}: {error.read().decode()}")
            """
        let (code, output) = try run([Tools.python, "-c", script], input: expressions.joined(separator: "\0"))
        try #require(code == 0, "\(output)", sourceLocation: location)
        return output.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.split(separator: " ").map(String.init)
        }
    }

    func stop() throws {
        try server.terminate()
        #expect(try server.finish() == 0)
    }
}
