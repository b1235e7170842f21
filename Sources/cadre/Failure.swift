import ArgumentParser
import ControlAPI
import Glibc
import Specification

/// The exit codes; documented in `cadre --help` and never given another meaning.
enum Failure {
    static let failed = ExitCode(1)
    static let badSpecification = ExitCode(2)
    static let noSupervisor = ExitCode(3)
    static let refused = ExitCode(4)
    static let workersFailed = ExitCode(5)
    static let timedOut = ExitCode(6)
    static let changes = ExitCode(10)
    static let interrupted = ExitCode(130)

    /// Every code and what it means.
    static let codes: [(code: ExitCode, meaning: String)] = [
        (.success, "done"), (failed, "it failed"), (badSpecification, "a specification has problems"),
        (noSupervisor, "no supervisor is there"),
        (refused, "the supervisor refused, or another command came in between"),
        (workersFailed, "workers have failed for good"), (timedOut, "it was not done within --timeout"),
        (changes, "there is something to apply (cadre plan --exit-code)"),
        (.validationFailure, "the command line is wrong"), (interrupted, "interrupted while it waited"),
    ]

    /// Says what went wrong on standard error, and returns the code to exit with.
    static func report(_ error: any Error) -> ExitCode {
        switch error {
        case let error as ExitCode:
            return error
        case let error as SpecificationError:
            printError("\(error)")
            return badSpecification
        case let error as ControlError:
            if case .badSpecification(let problems) = error {
                printError(problems)
                return badSpecification
            }
            printError("cadre: \(error)")
            switch error {
            case .nobody: return noSupervisor
            case .refused, .forbidden: return refused
            case .taken, .dropped, .brokenAnswer, .badSpecification, .system: return failed
            }
        default:
            printError("cadre: \(error)")
            return failed
        }
    }

    /// Runs the body of a subcommand with errors as sentences and documented codes.
    static func reporting<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw report(error)
        }
    }
}

/// Prints a line on standard error.
func printError(_ line: String, terminator: String = "\n") {
    let text = line + terminator
    write(2, text, text.utf8.count)
}

/// Whether to use colour on a descriptor: on terminals only, and not against the user's wish (no-color.org).
func isColoured(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && getenv("NO_COLOR") == nil
}
