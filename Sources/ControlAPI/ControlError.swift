public import Reactor

/// Why a supervisor can't be controlled.
public enum ControlError: Error, CustomStringConvertible, Sendable {
    /// A supervisor answers at this path already.
    case taken(path: String)
    /// No supervisor listens there.
    case nobody(address: String)
    /// The socket may not be used by us; the sentence says who may.
    case forbidden(String)
    /// The specification that the supervisor was to read has these problems, one a line.
    case badSpecification(String)
    /// The supervisor refused, and said why.
    case refused(Problem)
    /// We read the events too slowly, and missed some.
    case dropped(String)
    /// The answer did not come, or isn't one; what went wrong, if that is known.
    case brokenAnswer(address: String, reason: String?)
    /// A system call failed.
    case system(SystemCallError)

    /// A sentence that says what to do.
    public var description: String {
        switch self {
        case .taken(let path): "another supervisor answers at \(path); stop it first (cadre stop --all)"
        case .nobody(let address):
            "no supervisor listens at \(address); start one (systemctl start cadre, or cadre run), "
                + "or name its socket with --socket"
        case .forbidden(let sentence): sentence
        case .badSpecification(let problems): problems
        case .refused(let problem): problem.description
        case .dropped(let sentence): sentence
        case .brokenAnswer(let address, let reason):
            "the supervisor at \(address) gave no whole answer\(reason.map { " (\($0))" } ?? ""); it may be stopping"
        case .system(let error): "\(error)"
        }
    }
}
