import CLinux
import Reactor
import Specification

/// The sockets of a service, which its workers get.
///
/// One that is open stays so while it is specified, or while a worker runs that was started with it: so nothing that is
/// queued is lost when workers are replaced, restarted, or go back to an earlier specification. A worker's own socket
/// (`reuse_port`) is handed from one of its incarnations to the next for the same reason.
final class ListeningSockets {
    private let store: DescriptorStore
    private let prefix: String
    /// What is in force on those that are open, for what can be changed on an open socket.
    private var applied: [String: SocketSpecification] = [:]
    /// What is known to be open.
    private var opened: [SocketSpecification]?
    /// Whether there may be some that are specified no more.
    private(set) var mayHaveUnused = true

    /// The sockets of a service; those that are in the store already are taken to be open.
    init(service: String, store: DescriptorStore) {
        self.store = store
        prefix = "socket.\(service)."
    }

    deinit {
        close(allBut: [])
    }

    // MARK: Opening

    /// Opens what is specified and isn't open, and changes what is open to what is specified, as far as that can be.
    /// Sockets that workers have of their own are opened when those are started.
    ///
    /// - Throws: an error that names the address; what was open stays open.
    func open(_ specifications: [SocketSpecification]) throws(ListenError) {
        guard specifications != opened else { return }
        mayHaveUnused = true
        for specification in specifications {
            guard let address = specification.address else {
                let passed = systemdNames(of: specification)
                if passed.isEmpty { throw ListenError(missing: specification, in: store) }
                for name in passed { try change(name, to: specification) }
                continue
            }
            for name in names(of: specification) { try change(name, to: specification) }
            let shared = name(specification, address, worker: nil)
            if specification.reusePort {
                // The socket that was shared so far becomes the first worker's own, with what is queued there.
                let first = name(specification, address, worker: 0)
                if let socket = store[shared], store[first] == nil {
                    try specification.allowOthers(on: socket.value)
                    rename(shared, to: first)
                }
            } else if store[shared] == nil {
                if let own = names(of: specification).first {
                    rename(own, to: shared)
                } else {
                    try open(specification, address, as: shared)
                }
            }
        }
        opened = specifications
    }

    /// What a worker gets: the descriptor for its standard input, and those that `LISTEN_FDS` counts with their names.
    /// A socket of its own that isn't open is opened.
    func descriptors(
        of specifications: [SocketSpecification], for worker: Int
    ) throws(ListenError) -> (input: Int32?, listening: [(name: String, descriptor: Int32)]) {
        var input: Int32?
        var listening: [(name: String, descriptor: Int32)] = []
        for specification in specifications {
            for socket in try sockets(of: specification, for: worker) {
                if specification.isStandardInput {
                    input = socket.value.rawValue
                } else {
                    listening.append((specification.name, socket.value.rawValue))
                }
            }
        }
        return (input, listening)
    }

    private func sockets(
        of specification: SocketSpecification, for worker: Int
    ) throws(ListenError) -> [Shared<Descriptor>] {
        guard let address = specification.address else { return systemdDescriptors(of: specification) }
        let name = name(specification, address, worker: specification.reusePort ? worker : nil)
        if store[name] == nil { try open(specification, address, as: name) }
        return store[name].map { [$0] } ?? []
    }

    private func open(
        _ specification: SocketSpecification, _ address: SocketAddress, as name: String
    ) throws(ListenError) {
        // Another kind of socket at the same path is one that is specified no more.
        let predecessor = store.names(prefix).first { $0.hasSuffix(".\(Self.encode("\(address)"))") }
        if specification.path != nil, predecessor != nil, let path = specification.path { unlink(path) }
        store[name] = Shared(try specification.open())
        applied[name] = specification
    }

    private func change(_ name: String, to specification: SocketSpecification) throws(ListenError) {
        guard let socket = store[name], applied[name] != specification else { return }
        try specification.adjust(socket.value, from: applied[name])
        applied[name] = specification
    }

    private func rename(_ old: String, to new: String) {
        store[new] = store[old]
        store[old] = nil
        applied[new] = applied.removeValue(forKey: old)
    }

    // MARK: Closing

    /// Closes what is open and not among these, and removes its path.
    func close(allBut specifications: [SocketSpecification]) {
        guard !store.isHandedOver else { return }
        if opened.map({ Set($0).isSubset(of: specifications) }) == false { opened = nil }
        mayHaveUnused = Set(specifications) != Set(opened ?? [])
        let wanted = Set(specifications.flatMap { names(of: $0) })
        let paths = Set(specifications.compactMap(\.path))
        for name in store.names(prefix) where !wanted.contains(name) {
            store[name] = nil
            applied[name] = nil
            if let path = Self.path(in: name), !paths.contains(path) { unlink(path) }
        }
    }

    /// Closes the sockets that a worker has of its own, as it gets no more connections.
    ///
    /// What is queued there goes to the others if `net.ipv4.tcp_migrate_req` is set (ip-sysctl of the kernel), once the
    /// worker has closed its copy as well.
    ///
    /// - Returns: how many connections are queued there and will be lost; 0 if they go to the others.
    func leave(_ worker: Int) -> Int {
        guard mayHaveUnused || opened?.contains(where: \.reusePort) != false else { return 0 }
        let own = store.names("\(prefix)\(worker).")
        guard !own.isEmpty else { return 0 }
        let lost = Self.migratesRequests ? 0 : own.reduce(0) { $0 + (store[$1].map { queued(on: $0.value) } ?? 0) }
        for name in own {
            store[name] = nil
            applied[name] = nil
        }
        return lost
    }

    /// Whether the kernel gives what is queued on a socket that is closed to others of its group.
    static var migratesRequests: Bool {
        (try? Descriptor.open("/proc/sys/net/ipv4/tcp_migrate_req").readText())?.hasPrefix("1") == true
    }

    // MARK: What there is

    /// All that a connection may come in on, but for sockets that workers have of their own.
    func shared(of specifications: [SocketSpecification]) -> [Shared<Descriptor>] {
        specifications.flatMap { specification -> [Shared<Descriptor>] in
            guard let address = specification.address else { return systemdDescriptors(of: specification) }
            return store[name(specification, address, worker: nil)].map { [$0] } ?? []
        }
    }

    private func systemdDescriptors(of specification: SocketSpecification) -> [Shared<Descriptor>] {
        systemdNames(of: specification).compactMap { store[$0] }
    }

    private func systemdNames(of specification: SocketSpecification) -> [String] {
        guard case .systemd(let wanted) = specification.source else { return [] }
        return store.names("systemd.").filter { systemdName($0) == wanted }
    }

    // MARK: Names

    private func name(_ specification: SocketSpecification, _ address: SocketAddress, worker: Int?) -> String {
        "\(prefix)\(worker.map { "\($0)" } ?? "*").\(specification.kind.rawValue).\(Self.encode("\(address)"))"
    }

    /// The names of the open sockets that a specification stands for, whether shared or workers' own, in the order of the
    /// workers.
    private func names(of specification: SocketSpecification) -> [String] {
        guard let address = specification.address else { return [] }
        let suffix = ".\(specification.kind.rawValue).\(Self.encode("\(address)"))"
        func owner(_ name: String) -> Substring { name.dropFirst(prefix.count).dropLast(suffix.count) }
        return store.names(prefix).filter { name in
            name.hasSuffix(suffix) && (owner(name) == "*" || Int(owner(name)) != nil)
        }.sorted { (Int(owner($0)) ?? -1) < (Int(owner($1)) ?? -1) }
    }

    /// The path of a unix socket by its name.
    static func path(in name: String) -> String? {
        guard let start = name.firstRange(of: ".unix%3A/") else { return nil }
        var path: [UInt8] = []
        var rest = name.utf8[name.index(before: start.upperBound)...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                path.append(code)
                rest = rest.dropFirst(2)
            } else {
                path.append(byte)
            }
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// With `%3A` for a colon, and the like for a percent sign and whatever isn't printable ASCII.
    static func encode(_ address: String) -> String {
        address.utf8.map { byte in
            let isPlain = (0x21..<0x7F).contains(byte) && byte != UInt8(ascii: "%") && byte != UInt8(ascii: ":")
            if isPlain { return String(Unicode.Scalar(byte)) }
            return (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

/// The name under which systemd passed a descriptor, from that in the store: `systemd.1.http`.
func systemdName(_ name: String) -> String {
    name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).joined()
}

/// How many connections wait on a listening socket.
///
/// For one that listens, `tcpi_unacked` of `TCP_INFO` is that number (tcp_get_info() of the kernel).
private func queued(on socket: borrowing Descriptor) -> Int {
    var information = tcp_info()
    var size = socklen_t(MemoryLayout<tcp_info>.size)
    guard getsockopt(socket.rawValue, Int32(IPPROTO_TCP), TCP_INFO, &information, &size) == 0 else { return 0 }
    return Int(information.tcpi_unacked)
}
