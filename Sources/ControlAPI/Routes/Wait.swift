import Cadre
import HTTPTypes
import Hummingbird

/// Whether a request waits for what it sets in motion (`?wait=ready&timeout=30s`).
struct Wait: Sendable {
    static let parameters: Set<String> = ["wait", "timeout"]

    private let milestone: Milestone?
    private let time: Duration?

    init(_ call: Call) throws(Problem) {
        let known = Milestone.allCases.map(\.rawValue).joined(separator: ", ")
        let text = try call.value("wait")
        milestone = text.flatMap(Milestone.init)
        if let text, milestone == nil {
            throw Problem(.malformed, "the query parameter wait is \"\(text)\"; it is one of \(known)")
        }
        time = try call.duration("timeout")
        if milestone == nil, try call.value("timeout") != nil {
            throw Problem(.malformed, "the query parameter timeout needs wait, which is one of \(known)")
        }
    }

    /// Answers at once (202) or when it is known what became of an order (200). A client that hangs up ends the wait,
    /// and nothing else.
    func answer(
        _ call: Call, _ supervisor: Supervisor, _ order: Order, _ result: ([WorkerOutcome]) -> some Encodable
    ) async throws -> Response {
        guard let milestone else {
            return try call.answer(result(await supervisor.outcome(of: order)), status: .accepted)
        }
        return try call.answer(result(await supervisor.outcome(of: order, until: milestone, within: time)))
    }
}
