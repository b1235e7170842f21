import CLinux
import Reactor
import Specification
import SystemPackage
import Testing

@testable import Cadre

@Suite("The sockets of a service") struct ListeningSocketsTests {
    private let path = "/tmp/cadre-test-\(getpid())-listen-\(UInt64.random(in: 0 ... .max))"
    private let store = DescriptorStore()

    private func makeSockets() -> ListeningSockets { ListeningSockets(service: "web", store: store) }

    private var api: SocketSpecification { SocketSpecification(name: "api", address: .unix(path: path)) }

    /// A TCP socket at a port that is free.
    private func tcp(_ name: String = "http") throws -> SocketSpecification {
        let probe = try SocketSpecification(name: "probe", address: .internet(host: "127.0.0.1", port: 0)).open()
        guard case .internet(_, let port)? = BoundAddress(of: probe) else { throw Errno.badAddress }
        return SocketSpecification(name: name, address: .internet(host: "127.0.0.1", port: port))
    }

    @Test("listen, are not inherited by accident, and go with their path") func unix() throws {
        do {
            let sockets = makeSockets()
            try sockets.open([api])
            let descriptor = try #require(store.entries.first?.descriptor)
            #expect(cadre_fcntl(descriptor, F_GETFD, 0) & FD_CLOEXEC != 0)
            #expect(option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) == 1)
        }
        #expect(access(path, F_OK) == -1)
        #expect(store.entries.isEmpty)
    }

    @Test("stay open when they are wanted as they are, and under another name, and until they are closed") func kept()
        throws
    {
        let sockets = makeSockets()
        try sockets.open([api])
        let first = try sockets.descriptors(of: [api], for: 0).listening
        var renamed = api
        renamed.name = "renamed"
        renamed.backlog = 7
        let both = [renamed, try tcp()]
        try sockets.open(both)
        let second = try sockets.descriptors(of: both, for: 0).listening
        #expect(second.map(\.name) == ["renamed", "http"] && second.first?.descriptor == first.first?.descriptor)
        // Those of an earlier specification are in use until somebody says otherwise.
        try sockets.open([])
        #expect(store.entries.count == 2 && sockets.mayHaveUnused)
        sockets.close(allBut: [api])
        #expect(store.entries.map(\.name) == ["socket.web.*.stream.\(ListeningSockets.encode("unix:\(path)"))"])
        sockets.close(allBut: [])
        #expect(store.entries.isEmpty && !sockets.mayHaveUnused && access(path, F_OK) == -1)
    }

    @Test("are those of an earlier supervisor if they were handed over") func handedOver() throws {
        let specification = try tcp()
        var handed: [HandedDescriptor] = []
        do {
            let sockets = makeSockets()
            try sockets.open([api, specification])
            handed = try store.entries.map { HandedDescriptor(name: $0.name, number: try duplicate($0.descriptor)) }
            store.isHandedOver = true
        }
        #expect(access(path, F_OK) == 0)
        let successor = DescriptorStore(handed)
        let sockets = ListeningSockets(service: "web", store: successor)
        try sockets.open([api, specification])
        let found = try sockets.descriptors(of: [api, specification], for: 0).listening
        #expect(Set(found.map(\.descriptor)) == Set(handed.map(\.number)))
        sockets.close(allBut: [])
        #expect(access(path, F_OK) == -1)
    }

    @Test("don't block where that is wanted, made here or by systemd, and no more once they are open")
    func nonBlocking() throws {
        let passed = try tcp().open().release()
        let store = DescriptorStore([HandedDescriptor(name: "systemd.1.public", number: passed)])
        let sockets = ListeningSockets(service: "web", store: store)
        var specifications = [api, try tcp(), SocketSpecification(name: "public", source: .systemd("public"))]
        func expect(_ isNonBlocking: [Bool], _ sockets: ListeningSockets) throws {
            try sockets.open(specifications)
            let listening = try sockets.descriptors(of: specifications, for: 0).listening
            #expect(listening.map(\.name) == ["api", "http", "public"])
            #expect(listening.map { cadre_fcntl($0.descriptor, F_GETFL, 0) & O_NONBLOCK != 0 } == isNonBlocking)
        }
        specifications[0].isNonBlocking = true
        try expect([true, false, false], sockets)
        for index in specifications.indices { specifications[index].isNonBlocking = true }
        try expect([true, true, true], sockets)
        // A worker may have set it as well, and doesn't expect it to be undone, by the next supervisor neither.
        for index in specifications.indices { specifications[index].isNonBlocking = false }
        try expect([true, true, true], sockets)
        try expect([true, true, true], ListeningSockets(service: "web", store: store))
    }

    @Test("have names that tell their paths, whatever those have in them") func names() {
        for path in ["/run/a", "/run/a:b%3A c.d", "/run/\u{E9}\u{1}"] {
            let encoded = ListeningSockets.encode("unix:\(path)")
            #expect(encoded.utf8.allSatisfy { (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: ":") })
            #expect(ListeningSockets.path(in: "socket.web.*.stream.\(encoded)") == path)
        }
        #expect(ListeningSockets.path(in: "socket.web.*.stream.%3A8080") == nil)
        #expect(ListeningSockets.path(in: "socket.web.*.stream.unix%3A@a") == nil)
    }

    @Test("tell of what is opened and closed") func observer() throws {
        var changes: [DescriptorStore.Change] = []
        store.observer = { changes.append($0) }
        let sockets = makeSockets()
        try sockets.open([api])
        let descriptor = try #require(store.entries.first?.descriptor)
        sockets.close(allBut: [])
        let name = "socket.web.*.stream.unix%3A\(path)"
        #expect(changes == [.added(name, descriptor), .removed(name)])
    }

    @Test("take IPv4 and IPv6 where no host is named") func wildcard() throws {
        let sockets = makeSockets()
        try sockets.open([SocketSpecification(name: "http", address: .internet(host: nil, port: 0))])
        let descriptor = try #require(store.entries.first?.descriptor)
        var onlyIPv6: Int32 = 1
        var size = socklen_t(MemoryLayout<Int32>.size)
        let hasIPv6 = getsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &onlyIPv6, &size) == 0
        #expect(!hasIPv6 || onlyIPv6 == 0)
    }

    @Test("can't be had where another program listens, and then what is open stays so") func taken() throws {
        let other = ListeningSockets(service: "other", store: store)
        try other.open([api])
        let sockets = makeSockets()
        let error = #expect(throws: ListenError.self) {
            try sockets.open([try tcp(), SocketSpecification(name: "api", address: .unix(path: path))])
        }
        #expect(error?.errno == .addressInUse)
        #expect("\(try #require(error))".contains("another program listens there"))
        #expect(access(path, F_OK) == 0)
    }

    @Test("take over a path that nobody listens on any more", arguments: SocketSpecification.Kind.allCases)
    func abandoned(kind: SocketSpecification.Kind) throws {
        var specification = api
        specification.kind = kind
        do {
            let left = try specification.open()
            #expect(left.rawValue > 0 && access(path, F_OK) == 0)
        }
        #expect(access(path, F_OK) == 0)
        let sockets = makeSockets()
        try sockets.open([specification])
        #expect(store.entries.count == 1)
    }

    @Test("name the address and the reason when a host is unknown") func unknownHost() {
        let sockets = makeSockets()
        let error = #expect(throws: ListenError.self) {
            try sockets.open([
                SocketSpecification(name: "http", address: .internet(host: "256.1.1.1.invalid", port: 80))
            ])
        }
        #expect(error.map { "\($0)" }?.hasPrefix("listen on 256.1.1.1.invalid:80 (getaddrinfo): ") == true)
    }

    @Test("an address that no interface has is bound with free_bind, and names it without") func freeBind() throws {
        var specification = SocketSpecification(name: "http", address: .internet(host: "192.0.2.1", port: 8080))
        let error = #expect(throws: ListenError.self) { try makeSockets().open([specification]) }
        #expect(
            "\(try #require(error))".hasSuffix(
                "no interface has the address yet (free_bind = true listens all the same)"))
        specification.freeBind = true
        let sockets = makeSockets()
        try sockets.open([specification])
        #expect(store.entries.count == 1)
    }

    @Test("have the file's mode and owner, and get another one while open", .enabled(if: geteuid() == 0, "needs root"))
    func file() throws {
        var specification = api
        specification.file = .init(mode: 0o620, user: "65534", group: "daemon")
        let sockets = makeSockets()
        try sockets.open([specification])
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o620 && status.st_uid == 65534 && status.st_gid == 1)
        specification.file = .init(mode: 0o666)
        try sockets.open([specification])
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o666)
        specification.file = .init(user: "no-such-user")
        let error = #expect(throws: ListenError.self) { try sockets.open([specification]) }
        #expect(error.map { "\($0)" } == "listen on unix:\(path): there is no user \"no-such-user\"")
    }

    @Test("are each worker's own where that is wanted, and the next incarnation's as well") func reusePort() throws {
        var specification = try tcp()
        specification.reusePort = true
        let sockets = makeSockets()
        try sockets.open([specification])
        #expect(store.entries.isEmpty)
        let numbers = try (0..<100).map {
            try sockets.descriptors(of: [specification], for: $0).listening[0].descriptor
        }
        #expect(Set(numbers).count == 100)
        #expect(try sockets.descriptors(of: [specification], for: 7).listening[0].descriptor == numbers[7])
        #expect(option(numbers[0], SOL_SOCKET, SO_REUSEPORT) == 1)
        #expect(sockets.leave(99) == 0)
        #expect(store.entries.count == 99)
        sockets.close(allBut: [])
        #expect(store.entries.isEmpty)
    }

    @Test("go from shared to each worker's own and back without closing what the first one has") func sharing() throws {
        let shared = try tcp()
        var own = shared
        own.reusePort = true
        let sockets = makeSockets()
        try sockets.open([shared])
        let first = try sockets.descriptors(of: [shared], for: 5).listening[0].descriptor
        try sockets.open([own])
        #expect(try sockets.descriptors(of: [own], for: 0).listening[0].descriptor == first)
        #expect(try sockets.descriptors(of: [own], for: 1).listening[0].descriptor != first)
        try sockets.open([shared])
        #expect(try sockets.descriptors(of: [shared], for: 3).listening[0].descriptor == first)
    }

    @Test("tell how many connections are lost when a worker goes, unless the kernel moves them")
    func lost() throws {
        var specification = try tcp()
        specification.reusePort = true
        let sockets = makeSockets()
        _ = try sockets.descriptors(of: [specification], for: 0)
        guard case .internet(_, let port)? = specification.address else { return }
        let connections = try (0..<3).map { _ in try Shared(connected(port)) }
        #expect(sockets.leave(0) == (ListeningSockets.migratesRequests ? 0 : 3))
        #expect(connections.count == 3)
    }

    @Test("of systemd's go to who names them, and are missed by name") func systemd() throws {
        let (first, second) = (try tcp().open().release(), try tcp().open().release())
        let store = DescriptorStore([
            HandedDescriptor(name: "systemd.0.web", number: first),
            HandedDescriptor(name: "systemd.1.web", number: second),
        ])
        let sockets = ListeningSockets(service: "web", store: store)
        let specification = SocketSpecification(name: "http", source: .systemd("web"))
        try sockets.open([specification])
        let found = try sockets.descriptors(of: [specification], for: 0).listening
        #expect(found.map(\.name) == ["http", "http"] && found.map(\.descriptor) == [first, second])
        let error = #expect(throws: ListenError.self) {
            try sockets.open([SocketSpecification(name: "api", source: .systemd("other"))])
        }
        #expect(
            error.map { "\($0)" }?.hasPrefix(
                "the socket api: systemd passed no descriptor named \"other\", it passed \"web\"; write") == true)
        sockets.close(allBut: [])
        #expect(store.entries.count == 2, "they may be wanted by a later specification")
    }

    private func option(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1
    }

    private func duplicate(_ descriptor: Int32) throws -> Int32 {
        try systemCall("fcntl") { cadre_fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
    }

    private func connected(_ port: UInt16) throws -> Descriptor {
        let connection = Descriptor(
            owning: try systemCall("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = try systemCall("connect") {
                    connect(connection.rawValue, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        return connection
    }
}
