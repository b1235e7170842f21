import Testing

@testable import Probes

@Suite("Answers to probes by HTTP") struct HTTPAnswerTests {
    private static let address = ProbeAddress.unix(path: "/s")

    /// What comes of an answer, in pieces of a size.
    private func result(_ text: String, body: String? = nil, piece: Int = .max) -> ProbeResult? {
        var answer = HTTPAnswer(
            expected: HTTPProbe(address: Self.address, path: "/", statuses: [200...299], body: body))
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if let result = answer.append(rest.prefix(piece)) { return result }
            rest = rest.dropFirst(piece)
        }
        return nil
    }

    @Test(
        "is taken apart whatever the pieces",
        arguments: [
            ("HTTP/1.1 200 OK\r\n\r\n", nil, ProbeResult.passed),
            ("HTTP/1.0 200\r\nA: b\r\n\r\n", nil, .passed),
            ("HTTP/1.1 200 OK\n\n", nil, .passed),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n", nil, .passed),
            ("HTTP/1.1 404 Not Found\r\n\r\n", nil, .failed("it answered with status 404")),
            ("HTTP/1.1 200 OK\r\n\r\nall is fine here", "is fine", .passed),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine!", "fine", .passed),
            (
                "HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nfine", "fine",
                .failed("the body of its answer does not contain \"fine\"")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nfi\r\n2\r\nne\r\n0\r\n\r\n", "fine",
                .passed
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "fine",
                .failed("the body of its answer does not contain \"fine\"")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "fine",
                .failed("its answer is not as HTTP has it")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n", "fine",
                .failed("its answer is not as HTTP has it")
            ),
            (
                // More than the chunk was to have, up to the next line's end.
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfine\r\n0\r\n\r\n", "fine",
                .failed("its answer is not as HTTP has it")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\rx2\r\nne\r\n0\r\n\r\n", "fine",
                .failed("its answer is not as HTTP has it")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;\(String(repeating: "x", count: 2000))\r\n",
                "fine",
                .failed("its answer is not as HTTP has it")
            ),
            (
                "HTTP/1.1 200 OK\r\nA: \(String(repeating: "x", count: 20_000))\r\n\r\n", nil,
                .failed("the head of its answer has no end")
            ),
            ("HTTP/1.1 20 OK\r\n\r\n", nil, .failed("it does not answer in HTTP")),
            ("\r\n\r\n", nil, .failed("it does not answer in HTTP")),
        ] as [(String, String?, ProbeResult)])
    func answers(text: String, body: String?, expected: ProbeResult) {
        for piece in [1, 2, 3, 7, Int.max] { #expect(result(text, body: body, piece: piece) == expected) }
    }

    @Test("needs more while its end may still come") func incomplete() {
        #expect(result("HTTP/1.1 200 OK\r\nA: b\r\n") == nil)
        #expect(result("HTTP/1.1 200 OK\r\n\r\nfin", body: "fine") == nil)
        #expect(result("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfin", body: "fine") == nil)
    }
}
