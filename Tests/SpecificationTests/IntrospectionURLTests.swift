import Specification
import Testing

@Suite struct IntrospectionURLTests {
    @Test(
        "a URL leads to an address and a path",
        arguments: [
            ("http://127.0.0.1:9000/debug?a=b", .internet(host: "127.0.0.1", port: 9000), false, "/debug?a=b"),
            ("http://localhost", .internet(host: "localhost", port: 80), false, "/"),
            ("https://app.example/x", .internet(host: "app.example", port: 443), true, "/x"),
            ("http://[::1]/", .internet(host: "::1", port: 80), false, "/"),
            ("http://[::1]:81?x", .internet(host: "::1", port: 81), false, "/?x"),
            ("http+unix://%2Frun%2fa%20b.sock/debug", .unix(path: "/run/a b.sock"), false, "/debug"),
            ("http+unix://%2Frun%2Fa", .unix(path: "/run/a"), false, "/"),
        ] as [(String, SocketAddress, Bool, String)])
    func targets(text: String, address: SocketAddress, isEncrypted: Bool, path: String) throws {
        let target = try IntrospectionURL.parse(text)
        #expect(target.address == address && target.isEncrypted == isEncrypted && target.path == path)
    }

    @Test(
        "what is no URL of a worker is reported with what to write",
        arguments: [
            (
                "localhost:9000",
                "\"localhost:9000\" is not a URL of a worker; write one such as \"http://127.0.0.1:9000/debug\", or \"http+unix://%2Frun%2Fapp.sock/debug\" for a unix socket"
            ),
            ("http:///debug", "\"http:///debug\" names no host; write one such as \"http://127.0.0.1:9000/debug\""),
            ("http://:80/", "\":80\" names no host; write \"127.0.0.1:80\""),
            (
                "http+unix:///run/a.sock",
                "\"http+unix:///run/a.sock\" names no socket; write the socket's path with \"%2F\" for each slash, as in \"http+unix://%2Frun%2Fapp.sock/debug\""
            ),
            ("http+unix://run%2Fa/", "\"run%2Fa\" is no absolute path; write one such as \"%2Frun%2Fapp.sock\""),
            ("http+unix://%2Fa%2/", "\"%2Fa%2\" has a \"%\" that stands for no character; write \"%25\" for it"),
            ("http+unix://%2Fa%+1/", "\"%2Fa%+1\" has a \"%\" that stands for no character; write \"%25\" for it"),
            ("http+unix://%2Fa%00/", "\"%2Fa%00\" has a \"%\" that stands for no character; write \"%25\" for it"),
            ("http://a/b c", "a URL that is asked for has no \" \"; write it as % and hexadecimal digits"),
            ("http://a/#b", "a URL that is asked for has no \"#\"; leave out the fragment"),
            (
                "http://me:secret@a/",
                "a user and password in a URL are not supported; leave out what is before \"@\""
            ),
            ("http://a:0/", "\"a:0\" has no port from 1 to 65535; write an address such as \":8080\""),
            ("http://::1/", "\"::1\" is ambiguous; write one such as \"[::1]:8080\""),
        ])
    func badURLs(text: String, message: String) {
        #expect(throws: FormatError(message)) { try IntrospectionURL.parse(text) }
    }
}
