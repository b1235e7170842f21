import ControlAPI
import Reactor

extension SocketOption {
    /// Runs what a subcommand asks of the supervisor, and waits for it. An error is said in a sentence, and thrown as
    /// the documented exit code.
    func runClient<Value: Sendable>(
        _ body: @escaping @Sendable (ControlClient) async throws -> Value
    ) throws -> Value {
        try Failure.reporting {
            let client = ControlClient(path: path)
            return try waitFor { try await body(client) }
        }
    }
}
