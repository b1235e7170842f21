import Cadre
import Specification

/// What a body returns; what it throws becomes a problem.
func refusable<Value>(_ body: () async throws -> Value) async throws(Problem) -> Value {
    do {
        return try await body()
    } catch let problem as Problem {
        throw problem
    } catch let error as UnknownNameError {
        throw Problem(error)
    } catch let error as CommandError {
        throw Problem(error)
    } catch let error as LimitChangeError {
        throw Problem(.invalid, "\(error)")
    } catch let error as SpecificationError {
        throw Problem(
            .badSpecification, "nothing is changed, as the specification has problems",
            problems: error.problems.map(\.description))
    } catch {
        // A listener that can't be bound, a limit that the kernel refuses.
        throw Problem(.conflict, "nothing is changed: \(error)")
    }
}
