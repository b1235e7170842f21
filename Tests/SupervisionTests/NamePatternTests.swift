import Supervision
import Testing

@Suite struct NamePatternTests {
    private static let workers = ["api", "web", "web-2", "worker"].flatMap { service in
        (0..<12).map { WorkerID(service: service, number: $0) }
    }

    /// The workers that are meant, with all of a service as its name alone.
    private func matched(_ text: String) throws -> [String] {
        let pattern = try NamePattern(text)
        let found = Self.workers.filter(pattern.matches)
        let services = Set(found.map(\.service)).sorted()
        return services.flatMap { service in
            let ofService = found.filter { $0.service == service }
            return ofService.count == 12 ? [service] : ofService.map(\.description)
        }
    }

    @Test(
        "names and wildcards stand for workers",
        arguments: [
            ("web", ["web"]), ("web/0", ["web/0"]), ("web/1", ["web/1"]), ("web/12", []), ("we", []), ("eb", []),
            ("w*", ["web", "web-2", "worker"]), ("*", ["api", "web", "web-2", "worker"]),
            ("*/*", ["api", "web", "web-2", "worker"]),
            ("*/0", ["api/0", "web/0", "web-2/0", "worker/0"]), ("w?b", ["web"]), ("???/11", ["api/11", "web/11"]),
            ("web/[0-2]", ["web/0", "web/1", "web/2"]), ("web/1?", ["web/10", "web/11"]),
            ("web/[!0-8]", ["web/9"]), ("web/[^0-8]", ["web/9"]), ("web/?[0]", ["web/10"]),
            ("web/[08-9]", ["web/0", "web/8", "web/9"]), ("*[-]2", ["web-2"]), ("web[a-]2", ["web-2"]),
            ("[aw][pe][ib]", ["api", "web"]), ("*e*", ["web", "web-2", "worker"]), ("*r*r", ["worker"]),
            ("**b", ["web"]), ("web/01", []), ("web/-1", []), ("WEB", []), ("web]", []), ("wéb", []), ("web/ 0", []),
        ])
    func matches(pattern: String, workers: [String]) throws {
        #expect(try matched(pattern) == workers)
    }

    @Test("a service is meant as a whole unless workers are named, even if it has none")
    func services() throws {
        #expect(try NamePattern("w*").matches(service: "web"))
        #expect(try NamePattern("web").matches(service: "web"))
        #expect(try !NamePattern("web/*").matches(service: "web"))
        #expect(try !NamePattern("web").matches(service: "web-2"))
    }

    @Test("a name without wildcards is that of one worker")
    func onlyWorker() throws {
        #expect(try NamePattern("web/7").onlyWorker == WorkerID(service: "web", number: 7))
        for text in ["web", "web/*", "w?b/7", "web/[7]", "web/07", "web/x"] {
            #expect(try NamePattern(text).onlyWorker == nil)
        }
    }

    @Test(
        "what can be no name is reported with what to write",
        arguments: [
            ("", "\"\" names no service and no worker; write one such as web, web/0 or \"w*/[0-3]\""),
            ("/", "\"/\" names no service and no worker; write one such as web, web/0 or \"w*/[0-3]\""),
            ("web/", "\"web/\" names no service and no worker; write one such as web, web/0 or \"w*/[0-3]\""),
            ("/0", "\"/0\" names no service and no worker; write one such as web, web/0 or \"w*/[0-3]\""),
            ("a/b/0", "\"a/b/0\" names no service and no worker; write one such as web, web/0 or \"w*/[0-3]\""),
            ("web/[0-3", "\"web/[0-3\" has a \"[\" without a \"]\"; close it, as in \"web/[0-3]\""),
            ("[a/b]", "\"[a/b]\" has a \"[\" without a \"]\"; close it, as in \"web/[0-3]\""),
            ("web/[]", "\"web/[]\" has brackets with nothing in them; name characters, as in \"web/[0-3]\""),
            ("web/[!]", "\"web/[!]\" has brackets with nothing in them; name characters, as in \"web/[0-3]\""),
            ("web/[3-0]", "\"web/[3-0]\" has a range that ends before it begins; write \"[0-3]\""),
        ])
    func errors(pattern: String, message: String) {
        do throws(NamePatternError) {
            _ = try NamePattern(pattern)
            Issue.record("nothing was reported")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("many wildcards cost no more than their number times the name's length")
    func manyWildcards() throws {
        let pattern = try NamePattern(String(repeating: "*a", count: 5000) + "*b")
        #expect(!pattern.matches(WorkerID(service: String(repeating: "a", count: 5000), number: 0)))
    }
}
