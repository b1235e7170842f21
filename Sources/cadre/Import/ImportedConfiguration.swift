import Specification

/// What became of a file of another supervisor's.
struct ImportedConfiguration: Sendable {
    let format: ImportFormat
    /// The file's name as it was given.
    let file: String
    var services: [ImportedService] = []
    /// What is about no service in particular.
    private(set) var remarks: [ImportRemark] = []
    /// What else readers of the result should know.
    var hints: [String] = []
    private var takenNames: Set<String> = []

    init(_ format: ImportFormat, _ source: ImportSource) {
        self.format = format
        file = source.name
    }

    /// Every remark, in the order of the file.
    var allRemarks: [ImportRemark] {
        sorted(remarks + services.flatMap { $0.remarks.map(\.remark) })
    }

    /// In the order of the file, and of those that it includes; those of one line stay in the order in which they were made.
    func sorted(_ remarks: [ImportRemark]) -> [ImportRemark] {
        remarks.enumerated().sorted {
            ($0.element.file == file ? 0 : 1, $0.element.file, $0.element.line ?? 0, $0.offset)
                < ($1.element.file == file ? 0 : 1, $1.element.file, $1.element.line ?? 0, $1.offset)
        }.map(\.element)
    }

    mutating func drop(_ origin: ImportOrigin, _ message: String) {
        remark(ImportRemark(.dropped, origin.place, origin.key, message))
    }

    mutating func change(_ origin: ImportOrigin, _ message: String) {
        remark(ImportRemark(.changed, origin.place, origin.key, message))
    }

    mutating func remark(_ remark: ImportRemark) {
        if !remarks.contains(remark) { remarks.append(remark) }
    }

    /// Says who runs as whoever runs Cadre, which, for root, means less than elsewhere.
    mutating func sayWhoHasNoUser() {
        let names = services.filter { $0.value("user") == nil && $0.value("capabilities") == nil }.map(\.name).sorted()
        if names.isEmpty || format == .systemd { return }
        change(
            ImportOrigin(ImportPlace(file: file), names.joined(separator: ", ")),
            "without a user these run as Cadre does, and have no privileges even if that is root: set user, or capabilities"
        )
    }

    // MARK: - Names

    /// A service's name that is like `name`, and that no other was added with.
    func serviceName(_ name: String) -> String {
        var valid = String(
            String.UnicodeScalarView(
                name.unicodeScalars.prefix(60).map { scalar in
                    let isValid = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                    return isValid || scalar == "_" || scalar == "-" ? scalar : "-"
                }))
        if !ServiceSpecification.isValidName(valid) { valid = valid.isEmpty ? "service" : "\(valid)-service" }
        var (result, number) = (valid, 2)
        while takenNames.contains(result) {
            result = "\(valid)-\(number)"
            number += 1
        }
        return result
    }

    /// Adds a service; says so if it couldn't keep its name.
    mutating func add(_ service: ImportedService, named name: String) {
        services.append(service)
        takenNames.insert(service.name)
        guard service.name != name else { return }
        services[services.count - 1].change(
            service.origin,
            "the service is called \(service.name), as its name can't be \(TOMLText.literal(.string(name)))")
    }

    // MARK: - What concerns all services

    /// Has the services start in the order of their ranks, as far as they have any.
    mutating func setOrder() {
        let ranks = Set(services.compactMap(\.rank).map(Rank.init)).sorted()
        guard ranks.count > 1 else { return }
        for (before, rank) in zip(ranks, ranks.dropFirst()) {
            let earlier = services.filter { $0.rank == before.numbers }.map(\.name).sorted()
            let members = earlier.map { TOMLText.Value.Member(key: $0, value: .string("started")) }
            for index in services.indices where services[index].rank == rank.numbers {
                services[index].set("after", .table(members))
            }
        }
    }

    private struct Rank: Hashable, Comparable {
        let numbers: [Int]
        static func < (left: Rank, right: Rank) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
    }

    /// Sets how many workers services have; "all" is for those that aren't named.
    ///
    /// - Throws: a sentence, if there is no such service.
    mutating func setFormation(_ formation: [String: Int]) throws(ImportError) {
        for name in formation.keys.sorted() where name != "all" && !services.contains(where: { $0.name == name }) {
            throw ImportError(
                ImportPlace(file: file),
                "there is no service \(name) for --formation; the services are "
                    + services.map(\.name).joined(separator: ", "))
        }
        for index in services.indices {
            guard let count = formation[services[index].name] ?? formation["all"] else { continue }
            services[index].set("workers", .integer(count))
        }
    }
}
