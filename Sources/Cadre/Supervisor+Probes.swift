import Probes
import Reactor
import Specification
import Supervision
import Systemd

/// Probes of workers: what the fleet asks for, asked on the prober's thread.
extension Supervisor {
    /// How long one try to find out whether a worker is ready may take, but for a command, which has all the time that
    /// the worker has.
    private static let readyTimeout = Duration.seconds(5)

    /// Asks; the answer is told to the fleet if it is still wanted then.
    func probe(_ worker: WorkerID, _ number: UInt64, _ kind: ProbeKind) {
        guard let incarnation = live(worker, number) else { return }
        let outcome = Result { (try makeProbe(of: incarnation, kind), try prober.get()) }
        let name = incarnation.groupPath
        incarnation.probe?.cancel()
        incarnation.probe = Task {
            let result: ProbeResult
            switch outcome {
            case .success((let probe, let prober)): result = await prober.run(probe, of: name)
            case .failure(let error): result = .failed("\(error)")
            }
            // One that was given up has been cancelled, and its incarnation may have a later one.
            if !Task.isCancelled { probeIsOver(worker, number, kind, result) }
        }
    }

    /// Gives up the probe that is under way.
    func endProbe(_ worker: WorkerID, _ number: UInt64) {
        guard let incarnation = live(worker, number) else { return }
        incarnation.probe?.cancel()
        incarnation.probe = nil
    }

    private func probeIsOver(_ worker: WorkerID, _ number: UInt64, _ kind: ProbeKind, _ result: ProbeResult) {
        guard let incarnation = live(worker, number) else { return }
        incarnation.probe = nil
        var problem: String?
        // It may quote what the worker said.
        if case .failed(let reason) = result { problem = SafeText.clean(reason) }
        incarnation.lastProbe = ProbeSnapshot(
            kind: kind.rawValue, time: wallClock(), passed: problem == nil, problem: problem, failures: 0)
        tell(worker, .probed(number, kind, passed: problem == nil))
        if fleet.worker(worker)?.isUnhealthy(number) == true { tell(worker, .unhealthy(number)) }
    }

    /// What running workers of a service are asked from now on.
    func changeHealthProbe(of service: String, to probe: HealthProbe?) {
        for (worker, incarnations) in incarnations where worker.service == service {
            for incarnation in incarnations { incarnation.healthProbe = probe }
        }
    }

    // MARK: Lines

    /// Waits for the line that makes an incarnation ready; nil if something else does.
    func lineWatch(_ worker: WorkerID, _ number: UInt64, _ specification: ServiceSpecification) -> LineWatch? {
        guard specification.policy.readiness == .log, let line = specification.readyLine else { return nil }
        return LineWatch(text: line) { [reactor] in
            Task(executorPreference: reactor) { await self.lineWasSeen(worker, number) }
        }
    }

    private func lineWasSeen(_ worker: WorkerID, _ number: UInt64) {
        if live(worker, number) != nil { tell(worker, .ready(number)) }
    }

    // MARK: Words

    /// Why an incarnation isn't ready, or isn't well, as far as it is known.
    func problem(of incarnation: LiveIncarnation, _ reason: EndReason) -> String? {
        switch reason {
        case .readyTimeout:
            if let problem = incarnation.lastProbe?.problem { return problem }
            guard let watch = incarnation.lineWatch else { return nil }
            return watch.problem ?? "no line that it printed contains \"\(watch.text)\""
        case .health: return incarnation.lastProbe?.problem
        case .exit, .signal, .oomKill, .memoryHigh, .watchdog, .replaced, .age, .manual, .stopped, .idle, .spawn:
            return nil
        }
    }

    // MARK: Making

    private func makeProbe(of incarnation: LiveIncarnation, _ kind: ProbeKind) throws -> Probe {
        switch kind {
        case .ready:
            guard let target = incarnation.specification.readyProbe else { throw ProbeError.nothingToAsk }
            let whole = incarnation.specification.policy.readyTimeout
            var timeout = min(whole, Self.readyTimeout)
            if case .command = target { timeout = whole }
            return Probe(try question(target, of: incarnation), timeout: timeout)
        case .health:
            guard let health = incarnation.healthProbe else { throw ProbeError.nothingToAsk }
            return Probe(try question(health.target, of: incarnation), timeout: health.timeout)
        }
    }

    private func question(_ target: ProbeTarget, of incarnation: LiveIncarnation) throws -> Probe.Question {
        func expand(_ text: String) -> String {
            incarnation.specification.expand(text, worker: incarnation.worker.number)
        }
        switch target {
        case .tcp(let address): return .connect(ProbeAddress(try SocketAddress.parse(expand(address))))
        case .http(let url, let status, let body):
            let target = try IntrospectionURL.parse(expand(url))
            return .http(
                HTTPProbe(
                    address: ProbeAddress(target.address), path: target.path, statuses: status.ranges, body: body))
        case .command(let arguments):
            let credentials = try services[incarnation.worker.service]?.resolveCredentials(
                of: incarnation.specification)
            return .command(
                try launcher.commandProbe(arguments.map(expand), of: incarnation, as: credentials))
        }
    }
}

private enum ProbeError: Error, CustomStringConvertible {
    case nothingToAsk

    var description: String { "the specification does not say what is to be asked" }
}

extension ProbeAddress {
    fileprivate init(_ address: SocketAddress) {
        switch address {
        case .internet(let host, let port): self = .internet(host: host ?? "localhost", port: port)
        case .unix(let path): self = .unix(path: path)
        }
    }
}
