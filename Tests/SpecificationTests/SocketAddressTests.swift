import Specification
import Testing

@Suite struct SocketAddressTests {
    @Test(
        "an address is read, and written as it was read",
        arguments: [
            (":8080", .internet(host: nil, port: 8080)), ("localhost:80", .internet(host: "localhost", port: 80)),
            ("127.0.0.1:65535", .internet(host: "127.0.0.1", port: 65535)),
            ("[::1]:1", .internet(host: "::1", port: 1)),
            ("[fe80::1%eth0]:443", .internet(host: "fe80::1%eth0", port: 443)),
            ("a-b.example_1:9", .internet(host: "a-b.example_1", port: 9)),
            ("unix:/run/app.sock", .unix(path: "/run/app.sock")), ("unix:/run/a:b", .unix(path: "/run/a:b")),
            ("unix:@app", .unix(path: "@app")),
        ] as [(String, SocketAddress)])
    func addresses(text: String, address: SocketAddress) throws {
        #expect(try SocketAddress.parse(text) == address)
        #expect(address.description == text)
    }

    @Test(
        "what is no address is reported with what to write",
        arguments: [
            ("8080", "\"8080\" has no colon; write \":8080\""),
            ("/run/a", "\"/run/a\" has no \"unix:\"; write \"unix:/run/a\""),
            ("unix:a", "\"unix:a\" is no absolute path of a socket; write one such as \"unix:/run/app.sock\""),
            ("unix:@", "\"unix:@\" is no absolute path of a socket; write one such as \"unix:/run/app.sock\""),
            ("unix:/run/", "\"unix:/run/\" is no absolute path of a socket; write one such as \"unix:/run/app.sock\""),
            (
                "localhost",
                "\"localhost\" is not an address; write one such as \":8080\", \"localhost:8080\" or \"unix:/run/app.sock\""
            ),
            (":0", "\":0\" has no port from 1 to 65535; write an address such as \":8080\""),
            (":65536", "\":65536\" has no port from 1 to 65535; write an address such as \":8080\""),
            (":", "\":\" has no port from 1 to 65535; write an address such as \":8080\""),
            (":+80", "\":+80\" has no port from 1 to 65535; write an address such as \":8080\""),
            (":http", "\":http\" has no port from 1 to 65535; write an address such as \":8080\""),
            ("*:80", "\"*:80\" is not an address; write \":80\" for every address"),
            ("::1:80", "\"::1:80\" is ambiguous; write \"[::1]:80\""),
            ("a:b:80", "\"a:b:80\" is ambiguous; write one such as \"[::1]:8080\""),
            ("[::1]80", "\"[::1]80\" is not an address; write one such as \"[::1]:8080\""),
            ("[::g]:80", "\"::g\" is not an IPv6 address; write one such as \"[::1]:8080\""),
            ("[127.0.0.1]:80", "\"127.0.0.1\" is not an IPv6 address; write one such as \"[::1]:8080\""),
            ("256.0.0.1:80", "\"256.0.0.1\" is neither a host name nor an IPv4 address"),
            ("a b:80", "\"a b\" is neither a host name nor an IPv4 address"),
        ])
    func badAddresses(text: String, message: String) {
        #expect(throws: FormatError(message)) { try SocketAddress.parse(text) }
    }

    @Test("a path of a socket may have as many bytes as the kernel takes")
    func longestPath() throws {
        let path = "/" + String(repeating: "x", count: SocketAddress.longestPath - 1)
        #expect(try SocketAddress.parse("unix:\(path)") == .unix(path: path))
        let message = "the path has 108 bytes, and the kernel takes 107 at most; use a shorter one"
        #expect(throws: FormatError(message)) { try SocketAddress.parse("unix:\(path)x") }
    }
}
