import FoundationEssentials
import Glibc
import Testing

/// Clients that never stop asking: wrk, and two of our own, which know what became of each request
/// (Tests/load/client.py). One of those opens a connection for each request, as wrk is told to; the other keeps its
/// connections and asks again where RFC 9110 (9.2.2) lets it.
final class Load {
    private let wrk: [RunningProgram]
    private let fresh: RunningProgram
    private let kept: RunningProgram

    /// Starts asking; returns when all of them have had answers.
    init(_ ports: [UInt16], slow: Int = 10) throws {
        let addresses = ports.map { "127.0.0.1:\($0)" }
        let client = [LoadTools.python, "-B", "\(LoadTools.scripts)/client.py", "--slow", "\(slow)"]
        wrk = try addresses.map { address in
            try RunningProgram(
                [
                    LoadTools.wrk, "-t1", "-c1", "-d1h", "--timeout", "60s", "-H",
                    "Connection: close",
                    "http://\(address)/",
                ],
                environment: LoadTools.environment, endsWithThread: true)
        }
        fresh = try RunningProgram(client + addresses, endsWithThread: true)
        kept = try RunningProgram(client + ["--keep-alive", "--retry"] + addresses, endsWithThread: true)
        for client in [fresh, kept] { try client.expect(["answered"]) }
    }

    /// Waits until our clients have had dozens of answers more from each address, to requests sent from now on.
    func waitForMore(at location: SourceLocation = #_sourceLocation) throws {
        for client in [fresh, kept] { try client.signal(SIGUSR1) }
        for client in [fresh, kept] { try client.expect(["answered"], at: location) }
    }

    /// What one of our clients tells in the end.
    struct Report: Decodable {
        let asked: Int
        let answered: Int
        /// Answers by worker.
        let workers: [String: Int]
        /// Answers by release.
        let releases: [String: Int]
        /// Requests that were sent again, by whether their connection had served others ("reused") or not ("new").
        let again: [String: Int]
        let failed: Int
        let failures: [Failure]
        let longest: Longest
    }

    /// The request that took longest, from its first attempt on.
    struct Longest: Decodable, CustomStringConvertible {
        let ms: Double
        let address: String
        let at: Double
        let path: String
        let answer: String

        var description: String { "\(ms) ms (\(address)\(path) after \(at) s: \(answer))" }
    }

    /// A request without a whole answer.
    struct Failure: Decodable, CustomStringConvertible {
        let address: String
        let at: Double
        let path: String
        let error: String
        let received: Int

        var description: String { "\(address)\(path) after \(at) s: \(error), \(received) bytes received" }
    }

    /// What all of them saw.
    struct Outcome {
        let fresh: Report
        let kept: Report
        /// How many answers wrk had, and what else it says that isn't good.
        let wrkAnswers: Int
        let wrkTroubles: [Substring]

        /// How many requests were lost that no client has to expect.
        var lost: Int { fresh.failed + kept.failed + (kept.again["new"] ?? 0) }
    }

    /// Ends the load.
    func finish() throws -> Outcome {
        try fresh.signal(SIGTERM)
        try kept.signal(SIGTERM)
        for wrk in wrk { try wrk.signal(SIGINT) }
        let outputs = try wrk.map { try $0.finish().output }
        let lines = outputs.flatMap { $0.split(separator: "\n") }
        return Outcome(
            fresh: try report(of: fresh), kept: try report(of: kept),
            wrkAnswers: lines.filter { $0.contains(" requests in ") }
                .compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }.reduce(0, +),
            wrkTroubles: lines.filter { $0.contains("Socket errors") || $0.contains("Non-2xx") })
    }

    private func report(of client: RunningProgram) throws -> Report {
        let (code, output) = try client.finish()
        let last = output.split(separator: "\n").last ?? ""
        try #require(code == 0 && last.hasPrefix("{"), "\(output.suffix(2000))")
        return try JSONDecoder().decode(Report.self, from: Data(last.utf8))
    }

    /// Ends the load, expects that nothing was lost, and prints what there was.
    @discardableResult
    func expectNothingLost(_ what: String, at location: SourceLocation = #_sourceLocation) throws -> Outcome {
        let outcome = try finish()
        for (client, report) in [("new connections", outcome.fresh), ("kept connections", outcome.kept)] {
            #expect(report.failed == 0, "\(what), \(client): \(report.failures)", sourceLocation: location)
            #expect(report.answered == report.asked, "\(what), \(client)", sourceLocation: location)
            #expect(report.again["new"] == 0, "\(what), \(client)", sourceLocation: location)
        }
        #expect(outcome.wrkTroubles.isEmpty, "\(what), wrk: \(outcome.wrkTroubles)", sourceLocation: location)
        #expect(outcome.wrkAnswers > 0, sourceLocation: location)
        let answers = outcome.fresh.answered + outcome.kept.answered + outcome.wrkAnswers
        print(
            "load: \(what): \(answers) answers, \(outcome.lost) lost, "
                + "\(outcome.kept.again["reused"] ?? 0) asked again as the server closed a kept connection; the longest took "
                + "\(max(outcome.fresh.longest.ms, outcome.kept.longest.ms)) ms")
        print("load: \(what): the longest on a new connection took \(outcome.fresh.longest)")
        print("load: \(what): the longest on a kept connection took \(outcome.kept.longest)")
        return outcome
    }
}
