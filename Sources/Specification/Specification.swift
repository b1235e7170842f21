/// What a user wants to run, and who may look and command: decoded from TOML and validated as a whole.
public struct Specification: Hashable, Sendable, Codable {
    /// The services, sorted by name.
    public var services: [ServiceSpecification]
    /// How many percent of all wanted workers have to be ready, or done, for the whole to count as healthy.
    public var healthyPercentage: Double
    /// Who may use the API, and where it is served beside the control socket.
    public var control: ControlSpecification
    /// Where metrics are served beside the API, and under which further names.
    public var metrics: MetricsSpecification

    /// A specification of services that are made elsewhere than in a file; they are sorted here, and not validated.
    public init(
        services: [ServiceSpecification] = [], healthyPercentage: Double = 50,
        control: ControlSpecification = ControlSpecification(), metrics: MetricsSpecification = MetricsSpecification()
    ) {
        self.services = services.sorted { $0.name < $1.name }
        self.healthyPercentage = healthyPercentage
        self.control = control
        self.metrics = metrics
    }

    /// Reads `file` and what is in the directory `dropIns` (every `*.toml`, in the order of their names' bytes).
    ///
    /// - Parameters:
    ///   - file: the file's path.
    ///   - dropIns: if nil, `conf.d` beside the file, which need not exist.
    ///   - host: what of it is to be compared with this machine.
    /// - Throws: every problem in every file at once.
    public static func load(
        file: String, dropIns: String? = nil, host: HostCheck = HostCheck()
    ) throws(SpecificationError) -> Specification {
        let reading = SpecificationFiles.read(file: file, dropIns: dropIns)
        return try parse(reading.sources, problems: reading.problems, host: host)
    }

    /// Reads texts, of which later ones add services or override single keys: tables are merged, all else is replaced.
    ///
    /// - Parameters:
    ///   - sources: the texts and what they are called in messages, in order.
    ///   - host: what of it is to be compared with this machine.
    /// - Throws: every problem in every text at once.
    public static func parse(
        _ sources: [(name: String, text: String)], host: HostCheck = HostCheck()
    ) throws(SpecificationError) -> Specification {
        try parse(sources, problems: [], host: host)
    }

    private static func parse(
        _ sources: [(name: String, text: String)], problems: [SpecificationError.Problem], host: HostCheck
    ) throws(SpecificationError) -> Specification {
        var problems = problems
        var root: DocumentNode?
        for (name, text) in sources {
            do throws(SpecificationError) {
                let document = try DocumentNode(file: name, text: text)
                if root == nil { root = document } else { root?.merge(document) }
            } catch {
                problems += error.problems
            }
        }
        var decoder = SpecificationDecoder(isComplete: problems.isEmpty, host: host)
        let specification = root.map { decoder.decode($0) } ?? Specification()
        problems += decoder.problems
        if !problems.isEmpty { throw SpecificationError(problems: problems) }
        return specification
    }
}
