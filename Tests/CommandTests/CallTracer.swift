import Glibc
import Testing

/// A program that follows the system calls of the core's thread of a supervisor, the one there is or the next one.
final class CallTracer {
    enum Supervisor {
        case present, next
    }

    private let program: RunningProgram

    /// Begins to count the calls by their kind, for ``kinds()``.
    convenience init(counting which: Supervisor, of supervisor: SupervisorProcess) throws {
        try self.init("list-calls", which, of: supervisor, [])
    }

    /// Has one call fail, for ``hasFailed()``.
    convenience init(failing fault: CallFault, _ which: Supervisor, of supervisor: SupervisorProcess) throws {
        try self.init("fail-call", which, of: supervisor, ["\(fault.kind)", "\(fault.occurrence)", "\(fault.error)"])
    }

    private convenience init(
        _ verb: String, _ which: Supervisor, of supervisor: SupervisorProcess, _ arguments: [String]
    ) throws {
        let start =
            switch which {
            case .present: [verb, "\(supervisor.pid)"]
            case .next: ["\(verb)-of-next", "\(supervisor.keeper)"]
            }
        try self.init(start + ["cadre-core"] + arguments)
    }

    private init(_ arguments: [String]) throws {
        program = try RunningProgram([Machine.worker] + arguments)
        try program.expect(["watching"])
    }

    /// How many calls there were, by kind; ends.
    func kinds() throws -> [(kind: CallKind, count: Int)] {
        let lines = try finish()
        return lines.compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let count = Int(parts[0]) else { return nil }
            return (CallKind(description: String(parts[1])), count)
        }
    }

    /// Whether it came to that call; ends.
    func hasFailed() throws -> Bool { try finish().contains("failed") }

    private func finish() throws -> [String] {
        try program.signal(SIGTERM)
        let (code, output) = try program.finish()
        try #require(code == 0, "\(output)")
        return output.split(separator: "\n").map { String($0) }
    }
}

/// A system call that fails: the one of that kind with that number, from when the tracer begins.
struct CallFault: Hashable, CustomStringConvertible {
    let kind: CallKind
    let occurrence: Int
    let error: Int32

    var description: String { "\(kind) (\(occurrence)) fails with \(CallErrors.name(error))" }
}
