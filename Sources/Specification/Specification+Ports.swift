extension Specification {
    /// Throws if a service has no ports for so many workers, as there are none above 65535, or as they are another
    /// service's. The decoder can't know how many workers "cpus" are, nor what scaling makes of a number.
    package func requirePorts(for name: String, workers: Int, cpus: Int) throws(FormatError) {
        guard workers > 0, let first = services.first(where: { $0.name == name })?.port.map({ Int($0) }) else { return }
        let last = first + workers - 1
        guard last <= 65_535 else {
            throw FormatError("\(workers) workers need the ports \(first) to \(last), and the last there is is 65535")
        }
        for other in services where other.name != name {
            let count = other.workers.resolved(cpus: cpus)
            guard count > 0, let start = other.port.map({ Int($0) }), start <= last, first <= start + count - 1 else {
                continue
            }
            throw FormatError(
                "\(workers) workers need the ports \(first) to \(last), of which \(other.name) has those from \(start) on"
            )
        }
    }
}
