import CLinux
import Specification
import SystemPackage
import Testing

@testable import Cadre

@Suite("The listening sockets of a service") struct ListeningSocketsTests {
    private let path = "/tmp/cadre-test-\(getpid())-listen-\(UInt64.random(in: 0 ... .max))"

    @Test("listen, are not inherited by accident, and go with their path") func unix() throws {
        do {
            var sockets = ListeningSockets()
            try sockets.open([SocketSpecification(name: "api", address: .unix(path: path))])
            let descriptor = try #require(sockets.descriptors.first)
            #expect(cadre_fcntl(descriptor, F_GETFD, 0) & FD_CLOEXEC != 0)
            #expect(isListening(descriptor))
        }
        #expect(access(path, F_OK) == -1)
    }

    @Test("stay open when they are wanted as they are, and under another name") func kept() throws {
        var sockets = ListeningSockets()
        try sockets.open([SocketSpecification(name: "api", address: .unix(path: path))])
        let first = sockets.descriptors
        try sockets.open([
            SocketSpecification(name: "renamed", address: .unix(path: path), backlog: 7),
            SocketSpecification(name: "http", address: .internet(host: "127.0.0.1", port: 0)),
        ])
        #expect(sockets.descriptors.first == first.first)
        #expect(sockets.descriptors.count == 2)
        try sockets.open([])
        #expect(sockets.descriptors.isEmpty)
    }

    @Test("take IPv4 and IPv6 where no host is named") func wildcard() throws {
        var sockets = ListeningSockets()
        try sockets.open([SocketSpecification(name: "http", address: .internet(host: nil, port: 0))])
        let descriptor = try #require(sockets.descriptors.first)
        var onlyIPv6: Int32 = 1
        var size = socklen_t(MemoryLayout<Int32>.size)
        let hasIPv6 = getsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &onlyIPv6, &size) == 0
        #expect(!hasIPv6 || onlyIPv6 == 0)
    }

    @Test("can't be had where another program listens, and then all stays as it was") func taken() throws {
        var other = ListeningSockets()
        try other.open([SocketSpecification(name: "api", address: .unix(path: path))])
        var sockets = ListeningSockets()
        let error = #expect(throws: ListenError.self) {
            try sockets.open([
                SocketSpecification(name: "http", address: .internet(host: "127.0.0.1", port: 0)),
                SocketSpecification(name: "api", address: .unix(path: path)),
            ])
        }
        #expect(error?.errno == .addressInUse)
        #expect("\(try #require(error))".contains("another program listens there"))
        #expect(sockets.descriptors.isEmpty)
        #expect(access(path, F_OK) == 0)
    }

    @Test("take over a path that nobody listens on any more") func abandoned() throws {
        do {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    CLinux.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
        }
        var sockets = ListeningSockets()
        try sockets.open([SocketSpecification(name: "api", address: .unix(path: path))])
        #expect(sockets.descriptors.count == 1)
    }

    @Test("name the address and the reason when a host is unknown") func unknownHost() {
        var sockets = ListeningSockets()
        let error = #expect(throws: ListenError.self) {
            try sockets.open([
                SocketSpecification(name: "http", address: .internet(host: "256.1.1.1.invalid", port: 80))
            ])
        }
        #expect(error.map { "\($0)" }?.hasPrefix("listen on 256.1.1.1.invalid:80 (getaddrinfo): ") == true)
    }

    private func isListening(_ descriptor: Int32) -> Bool {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1
    }
}
