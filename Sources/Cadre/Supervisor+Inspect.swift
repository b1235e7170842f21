import ControlGroups
import Reactor
import Specification
public import Supervision

/// Everything about one worker.
extension Supervisor {
    /// All that is known of a worker and can be read, but for what it serves at its `introspect` URL: whoever wants that
    /// asks there.
    ///
    /// The kernel's files are read on a thread of their own: that of the environment and that of the command line wait
    /// for the worker's memory map, which a process that hangs in the kernel may hold.
    ///
    /// - Throws: ``UnknownNameError`` if there is no such worker.
    nonisolated(nonsending) public func inspect(_ id: WorkerID) async throws(UnknownNameError) -> Inspection {
        let subject = try await subject(id)
        let reader = statistics
        return await withCheckedContinuation { (continuation: CheckedContinuation<Inspection, Never>) in
            let inspect: @Sendable () -> Void = { continuation.resume(returning: subject.inspected(with: reader)) }
            // No thread to be had is no reason to say nothing.
            do { try startThread(name: "cadre-inspect", inspect) } catch { inspect() }
        }
    }

    private func subject(_ id: WorkerID) throws(UnknownNameError) -> InspectionSubject {
        let records = try incarnations(of: id)
        var state = state()
        state.services.removeAll { $0.name != id.service }
        state.services[0].workers.removeAll { $0.id != id }
        let worker = state.services[0].workers[0]
        let live = worker.shown.flatMap { self.live(id, $0) }
        guard let specification = live?.specification ?? specified(id.service) ?? services[id.service]?.specification
        else { throw UnknownNameError(name: "\(id)", services: fleet.serviceNames) }
        return InspectionSubject(
            worker: worker, state: state, records: records, specification: specification, logs: options.logs)
    }
}

/// What the core knows of a worker, for whoever looks at the rest.
struct InspectionSubject: Sendable {
    let worker: WorkerDetail
    /// The state with this worker only.
    let state: FleetState
    let records: [IncarnationRecord]
    let specification: ServiceSpecification
    let logs: Options.Logs

    func inspected(with reader: StatisticsReader) -> Inspection {
        let survey = reader.survey(state)
        var inspection = Inspection(
            service: worker.id.service, worker: WorkerSnapshot(worker, survey), incarnations: records,
            command: specification.command.map(expand), log: log, credentials: specification.credentials,
            sockets: specification.sockets.map(PassedSocket.init),
            port: specification.port(ofWorker: worker.id.number),
            sandbox: specification.sandbox.map { SandboxInspection(walls: $0.walls.map(\.line)) },
            usage: survey.usage(of: worker),
            introspection: specification.introspect.map { IntrospectionAnswer(url: expand($0)) })
        guard let live = worker.shownIncarnation else { return inspection }
        do {
            let group = try reader.group(live.groupPath)
            if let text = try group.attribute(OmittedWall.attributeName) {
                let omitted = [OmittedWall](attribute: text)
                inspection.sandbox?.walls =
                    specification.sandbox?.walls
                    .filter { wall in !omitted.contains { $0.key == wall.key } }.map(\.line) ?? []
                inspection.sandbox?.omitted = omitted.map(\.text)
            }
            inspection.controlGroup = try ControlGroupInspection(
                group, live.limits, survey.incarnations[live.groupPath])
            var processes = ProcessInspector(group: live.groupPath, leader: live.pid)
            processes.inspect(try group.processes(recursive: true))
            processes.add(to: &inspection)
        } catch {
            inspection.problems.append("its cgroup can't be read, as it has just ended: \(error)")
        }
        return inspection
    }

    private var log: String {
        switch specification.log.destination {
        case .auto:
            switch logs {
            case .journal: "journal"
            case .terminal: "terminal"
            }
        case .journal: "journal"
        case .terminal: "terminal"
        case .file(let template): expand(template)
        case .none: "none"
        }
    }

    private func expand(_ text: String) -> String {
        specification.expand(text, worker: worker.id.number)
    }
}

extension PassedSocket {
    fileprivate init(_ socket: SocketSpecification) {
        let (address, type): (String, String?) =
            switch socket.source {
            case .listen(let address): ("\(address)", socket.kind.rawValue)
            case .systemd(let name): ("systemd:\(name)", nil)
            }
        self.init(
            name: socket.name, address: address, type: type, isOwn: socket.reusePort,
            isStandardInput: socket.isStandardInput)
    }
}

extension ControlGroupInspection {
    private static let files = [
        "memory.max", "memory.high", "memory.swap.max", "cpu.max", "cpu.weight", "pids.max", "io.weight",
        "cpuset.cpus", "cpuset.mems",
    ]

    fileprivate init(
        _ group: borrowing ControlGroup, _ specified: ResourceLimits, _ statistics: Statistics?
    ) throws(SystemCallError) {
        let writes = specified.writes()
        var limits: [Limit] = []
        for file in Self.files {
            limits.append(
                Limit(
                    file: file, specified: writes.first { $0.file == file }?.text,
                    kernel: try? group.read(file).split(separator: "\n").joined(separator: ", ")))
        }
        self.init(
            path: group.path, isFreezing: try group.read("cgroup.freeze").hasPrefix("1"),
            isFrozen: try group.events().frozen, limits: limits, statistics: statistics)
    }
}
