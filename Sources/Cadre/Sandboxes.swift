import CLinux
import Processes
import Reactor
import Specification
import SystemPackage

/// Starts processes in the sandboxes that their services have.
final class Sandboxes {
    private let support = SandboxSupport.current()
    private let stage: String
    /// What the kernel refused to build although it could be expected to, by service, so that it isn't tried each time.
    private var refused: [String: [WallKind: String]] = [:]
    /// The filters that were made; there are few, and making one takes some milliseconds.
    private var filters: [SystemCallFilter: SystemCallProgram] = [:]

    init() { stage = Self.findStage() }

    /// Starts a process in a service's sandbox, if that has one; else as ever.
    ///
    /// - Parameter omitted: is called with what the sandbox lacks; never if that is an error.
    func spawn(
        _ request: SpawnRequest, _ specification: ServiceSpecification, worker: Int, _ place: WallPlan.Place,
        omitted report: ([OmittedWall]) -> Void
    ) throws -> Child {
        guard let sandbox = specification.sandbox else { return try Processes.spawn(request) }
        var missing = support.missing(for: sandbox)
        guard missing.isEmpty || sandbox.isBestEffort else { throw SandboxError(omitted: missing) }
        var kinds = Set(WallKind.allCases.filter { support.problem($0) != nil })
        for (kind, reason) in refused[specification.name] ?? [:] where sandbox.isBestEffort {
            kinds.insert(kind)
            missing += sandbox.omitting(kind, because: reason)
        }
        let plan = WallPlan(sandbox, stage: stage, at: place) { specification.expand($0, worker: worker) }
        while true {
            var request = request
            request.walls = try plan.walls(without: kinds, filter: compile)
            if request.walls == Walls(stage: stage) { request.walls = nil }
            do throws(SpawnError) {
                let child = try Processes.spawn(request)
                report(missing + support.weaknesses(of: sandbox))
                return child
            } catch {
                guard sandbox.isBestEffort, let kind = error.wall, !kinds.contains(kind) else { throw error }
                refused[specification.name, default: [:]][kind] = "\(error)"
                kinds.insert(kind)
                missing += sandbox.omitting(kind, because: "\(error)")
            }
        }
    }

    private func compile(_ filter: SystemCallFilter) throws(SystemCallFilterError) -> SystemCallProgram {
        if let known = filters[filter] { return known }
        let program = try filter.compile()
        filters[filter] = program
        return program
    }

    /// The program beside this one, as a build has it, or where an installation has it; the last is for programs that embed
    /// Cadre.
    private static func findStage() -> String {
        let directory = programDirectory()
        let candidates = [
            "\(directory)/cadre-stage", "\(directory)/../libexec/cadre/cadre-stage", "/usr/libexec/cadre/cadre-stage",
        ]
        return candidates.first { access($0, X_OK) == 0 } ?? candidates[2]
    }

    /// The directory of the program that this process executes, even if that was replaced meanwhile.
    private static func programDirectory() -> String {
        let path = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer -> String in
            guard let start = buffer.baseAddress else { return "" }
            let count = readlink("/proc/self/exe", start, buffer.count - 1)
            if count < 0 { return "" }
            start[count] = 0
            return String(cString: start)
        }
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/usr/bin"
    }
}

extension SpawnError {
    /// The kind of walls that the kernel refused to build; nil if that wasn't the reason.
    fileprivate var wall: WallKind? {
        // Whatever else there is, such as a path that is missing, is a mistake in the configuration.
        guard
            [.notPermitted, .permissionDenied, .noFunction, .notSupported, .invalidArgument, .noSpace].contains(errno)
        else { return nil }
        return WallKind.allCases.first { $0.steps.contains(step) }
    }
}

extension WallKind {
    /// The steps of a spawn that build it.
    fileprivate var steps: [SpawnError.Step] {
        switch self {
        case .mounts: [.mountNamespace, .mount]
        case .network: [.network]
        case .landlockPaths: [.landlock]
        case .landlockPorts, .landlockScopes: []
        case .systemCalls: [.systemCallFilter]
        }
    }
}
