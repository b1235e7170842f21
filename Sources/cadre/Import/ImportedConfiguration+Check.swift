import Specification

/// What Cadre makes of an imported configuration.
extension ImportedConfiguration {
    /// Takes away what isn't valid here, and says so where it came from; so what is left passes `cadre check`.
    ///
    /// - Throws: an ``ImportError`` if nothing is left.
    mutating func settle() throws(ImportError) {
        while true {
            let problems = problems()
            if problems.isEmpty { break }
            takeAway(problems)
        }
        guard services.isEmpty else { return sayWhatHoldsForAll() }
        let reasons = allRemarks.map { remark in
            SpecificationError.Problem(file: remark.file, line: remark.line, path: remark.key, message: remark.message)
        }
        let nothing = SpecificationError.Problem(
            file: file, message: "nothing in it could be carried over as \(format.title); name its format with --format"
        )
        throw ImportError(problems: [nothing] + reasons)
    }

    private mutating func sayWhatHoldsForAll() {
        let unbounded = services.contains {
            $0.value("restart.budget") == nil && $0.value("restart.policy") != .string("never")
        }
        if unbounded {
            hints.append(
                "A worker that is restarted more than 10 times within a minute has failed, and stays down until `cadre start`; "
                    + "budget and window in [service.NAME.restart] say otherwise.")
        }
    }

    /// Says what the configuration needs and this machine doesn't have.
    mutating func compareWithHost() {
        var host = HostCheck()
        host.looksUpAccounts = true
        host.looksAtDirectories = true
        let indices = indices
        for problem in problems(host: host) {
            guard let index = indices[Self.service(in: problem)] else { continue }
            guard let setting = settings(of: services[index], concernedBy: problem).first else { continue }
            let origin = setting.origin
            services[index].remark(ImportRemark(.missing, origin.place, origin.key, problem.message))
        }
    }

    private func problems(host: HostCheck = HostCheck()) -> [SpecificationError.Problem] {
        do throws(SpecificationError) {
            _ = try Specification.parse([(file, toml())], host: host)
            return []
        } catch {
            return error.problems
        }
    }

    /// Takes away what the first problem of each service is about, as others of it may be due to that one.
    private mutating func takeAway(_ problems: [SpecificationError.Problem]) {
        let indices = indices
        var firsts: [Int: SpecificationError.Problem] = [:]
        for problem in problems {
            if let index = indices[Self.service(in: problem)] {
                firsts[index] = firsts[index] ?? problem
            } else if firsts.isEmpty {
                services = []
                return drop(ImportOrigin(ImportPlace(file: file), problem.path), problem.message)
            }
        }
        // From the last one on, as one that is removed leaves those before it where they are.
        for (index, problem) in firsts.sorted(by: { $0.key > $1.key }) { takeAway(problem, from: index) }
    }

    private mutating func takeAway(_ problem: SpecificationError.Problem, from index: Int) {
        let settings = settings(of: services[index], concernedBy: problem)
        if settings.isEmpty || settings.contains(where: { $0.path == ["command"] }) {
            let service = services.remove(at: index)
            for (_, remark) in service.remarks { self.remark(remark) }
            let origin = settings.first?.origin ?? service.origin
            return drop(origin, problem.message)
        }
        for setting in settings {
            services[index].drop(setting.origin, "\(setting.name): \(problem.message)")
        }
        services[index].removeSettings { setting in settings.contains { $0.path == setting.path } }
    }

    /// Where each service is, by its name.
    private var indices: [String: Int] {
        Dictionary(services.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The name of the service that a problem is about: `web` of `service.web.socket[0].listen`; empty if it is about none.
    private static func service(in problem: SpecificationError.Problem) -> String {
        guard problem.path.hasPrefix("service.") else { return "" }
        return String(problem.path.dropFirst("service.".count).prefix { $0 != "." && $0 != "[" })
    }

    /// The settings of a service that a problem is about; none if it is about the whole service.
    private func settings(
        of service: ImportedService, concernedBy problem: SpecificationError.Problem
    ) -> [ImportedSetting] {
        func isWithin(_ path: String, _ other: String) -> Bool {
            path == other || path.hasPrefix("\(other).") || path.hasPrefix("\(other)[")
        }
        if problem.path == "service.\(service.name)" { return [] }
        // The setting that it is about or in, or all that the table has that it is about.
        let exact = service.settings.filter { isWithin(problem.path, "service.\(service.name).\($0.name)") }
        let below = service.settings.filter { isWithin("service.\(service.name).\($0.name)", problem.path) }
        return exact.isEmpty ? below : exact
    }
}
