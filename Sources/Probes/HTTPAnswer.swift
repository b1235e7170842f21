/// What has come of an answer to an HTTP/1.1 request (RFC 9112), as far as a probe needs it.
///
/// A pure value: it is told bytes as they come, and says as soon as it can whether the answer is as expected. It keeps
/// 64 KiB of a body and 16 KiB of a head at the most, however much is sent.
struct HTTPAnswer {
    static let mostHeadBytes = 16 << 10
    static let mostBodyBytes = 64 << 10

    private enum Place {
        case head
        /// So many bytes of the body are left; nil if only the connection's end is its end.
        case body(left: Int?)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
    }

    private let expected: HTTPProbe
    private var place = Place.head
    private var bytes: [UInt8] = []
    private var body: [UInt8] = []
    /// How many of `bytes` are known to be without the end that is looked for.
    private var searched = 0

    init(expected: HTTPProbe) {
        self.expected = expected
    }

    /// What must be sent to get the answer.
    static func request(for probe: HTTPProbe) -> [UInt8] {
        let host =
            switch probe.address {
            case .internet: probe.address.description
            case .unix: "localhost"
            }
        return Array(
            "GET \(probe.path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: cadre\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                .utf8)
    }

    /// Takes what came next; nil while more is needed.
    mutating func append(_ new: some Sequence<UInt8>) -> ProbeResult? {
        bytes += new
        while true {
            switch place {
            case .head:
                // However the bytes come, in many pieces or in one, what comes of them is the same.
                guard isHTTP else { return .failed("it does not answer in HTTP") }
                let end = lineEnd(twice: true)
                if end ?? bytes.count > Self.mostHeadBytes { return .failed("the head of its answer has no end") }
                guard let end else { return nil }
                let head = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeFirst(min(bytes.count, end))
                if let result = read(head: head) { return result }
            case .body(let left):
                let count = min(bytes.count, left ?? bytes.count)
                if let result = take(count) { return result }
                if let left {
                    if left == count { return end }
                    place = .body(left: left - count)
                }
                return nil
            case .chunkSize:
                let end = lineEnd(twice: false)
                if end ?? bytes.count > 1024 { return .failed("its answer is not as HTTP has it") }
                guard let end else { return nil }
                let digits = String(decoding: bytes[..<end], as: UTF8.self).prefix(while: \.isHexDigit)
                guard let size = Int(digits, radix: 16), size >= 0 else {
                    return .failed("its answer is not as HTTP has it")
                }
                bytes.removeFirst(end)
                if size == 0 { return self.end }
                place = .chunk(left: size)
            case .chunk(let left):
                let count = min(bytes.count, left)
                if let result = take(count) { return result }
                if count < left {
                    place = .chunk(left: left - count)
                    return nil
                }
                place = .chunkEnd
            case .chunkEnd:
                let ending: [UInt8] = bytes.first == UInt8(ascii: "\r") ? [0x0D, 0x0A] : [0x0A]
                guard bytes.count >= ending.count else { return nil }
                guard bytes.starts(with: ending) else { return .failed("its answer is not as HTTP has it") }
                bytes.removeFirst(ending.count)
                place = .chunkSize
            }
        }
    }

    /// What it means that nothing comes any more.
    var end: ProbeResult {
        switch place {
        case .head: .failed(bytes.isEmpty ? "it hung up without an answer" : "it hung up in the middle of its answer")
        case .body, .chunkSize, .chunk, .chunkEnd:
            .failed("the body of its answer does not contain \"\(expected.body ?? "")\"")
        }
    }

    /// Whether what has come of the head may be one.
    private var isHTTP: Bool {
        let prefix = Array("HTTP/1.".utf8)
        return bytes.prefix(prefix.count).elementsEqual(prefix.prefix(bytes.count))
    }

    /// Behind the next end of a line, or of an empty line. Each byte is looked at once, however slowly they come.
    private mutating func lineEnd(twice: Bool) -> Int? {
        var previous: Int?
        // What an empty line begins with may have been seen before.
        for index in max(0, searched - 2)..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
            let isEmptyLine =
                previous.map { index == $0 + 1 || index == $0 + 2 && bytes[index - 1] == UInt8(ascii: "\r") } ?? false
            if !twice || isEmptyLine {
                searched = 0
                return index + 1
            }
            previous = index
        }
        searched = bytes.count
        return nil
    }

    private mutating func read(head: String) -> ProbeResult? {
        // A carriage return and its line feed are one Character.
        let lines = head.split(whereSeparator: \.isNewline)
        let words = lines.first?.split(separator: " ", omittingEmptySubsequences: true) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1])
        else {
            return .failed("it does not answer in HTTP")
        }
        // An interim answer; the final one follows.
        if (100..<200).contains(status), status != 101 { return nil }
        guard expected.statuses.contains(where: { $0.contains(status) }) else {
            return .failed("it answered with status \(status)")
        }
        guard expected.body != nil else { return .passed }
        place = .body(left: nil)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            switch line[..<colon].lowercased() {
            case "transfer-encoding" where value.lowercased().contains("chunked"):
                place = .chunkSize
                return nil
            case "content-length": place = .body(left: Int(value.prefix(while: \.isWholeNumber)))
            default: break
            }
        }
        return nil
    }

    /// Moves bytes to the body, and looks whether that is as expected now.
    private mutating func take(_ count: Int) -> ProbeResult? {
        let wanted = Array((expected.body ?? "").utf8)
        // What was looked at before, but for the beginning of a match that goes on in what is new.
        let start = max(0, body.count - wanted.count + 1)
        body += bytes.prefix(min(count, Self.mostBodyBytes - body.count))
        bytes.removeFirst(count)
        if body[start...].contains(wanted) { return .passed }
        guard body.count >= Self.mostBodyBytes else { return nil }
        return .failed("the first 64 KiB of its answer do not contain \"\(expected.body ?? "")\"")
    }
}
