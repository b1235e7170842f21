import Testing

@testable import Cadre

@Suite("A search for connections") struct ConnectionSearchTests {
    private static func line(
        _ local: String, _ remote: String, _ state: String, timer: String = "00:00000000", inode: Int = 7
    ) -> String {
        "  head\n   0: \(local) \(remote) \(state) 00000000:00000000 \(timer) 00000000     0        0 \(inode) 1 0 20\n"
    }

    @Test(
        "finds those that a process holds, and those that are about to be, at the bound address",
        arguments: [
            (line("0100007F:1F90", "0100007F:8000", "01"), true),
            (line("0200007F:1F90", "0100007F:8000", "01"), false),
            (line("0100007F:1F91", "0100007F:1F90", "01"), false),
            (line("0100007F:1F90", "00000000:0000", "0A"), false),
            (line("0100007F:1F90", "0100007F:8000", "03", inode: 0), true),
            (line("0100007F:1F90", "0100007F:8000", "08"), true),
            (line("0100007F:1F90", "0100007F:8000", "05", inode: 0), false),
            // An IPv4 connection to a socket that takes both.
            (line("0000000000000000FFFF00000100007F:1F90", "0000000000000000FFFF00000100007F:8000", "01"), true),
        ])
    func established(text: String, isFound: Bool) {
        let search = ConnectionSearch(
            addresses: [.internet(address: "0100007F", port: 8080)], recently: .seconds(1))
        #expect(search.contains(tcp: text) == isFound)
    }

    @Test("finds those that were closed within the time, at either side")
    func closed() {
        let search = ConnectionSearch(addresses: [.internet(address: nil, port: 8080)], recently: .seconds(2))
        func contains(_ local: String, _ remote: String, _ left: Int) -> Bool {
            let digits = String(left, radix: 16)
            let timer = "03:" + String(repeating: "0", count: 8 - digits.count) + digits
            return search.contains(tcp: Self.line(local, remote, "06", timer: timer, inode: 0))
        }
        #expect(contains("0100007F:1F90", "0100007F:8000", 5900))
        #expect(contains("0100007F:8000", "0100007F:1F90", 5900))
        #expect(!contains("0100007F:1F90", "0100007F:8000", 5700))
        #expect(!contains("0100007F:1F91", "0100007F:8000", 5900))
    }

    @Test("finds connections to a path or an abstract name")
    func unix() {
        let search = ConnectionSearch(addresses: [.unix("/run/a"), .unix("@b")], recently: .zero)
        func contains(_ path: String, _ state: String) -> Bool {
            search.contains(unix: "Num\n0000000000000000: 00000003 00000000 00000000 0001 \(state) 4711 \(path)\n")
        }
        #expect(contains("/run/a", "03") && contains("@b", "03"))
        #expect(!contains("/run/a", "01") && !contains("/run/ab", "03") && !contains("", "03"))
    }

    @Test("knows addresses by the kernel's bytes")
    func addresses() {
        let v4: [UInt8] = [2, 0, 0x1F, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(BoundAddress(family: 2, v4) == .internet(address: "0100007F", port: 8080))
        let wildcard: [UInt8] = [10, 0, 0, 80] + Array(repeating: 0, count: 24)
        #expect(BoundAddress(family: 10, wildcard) == .internet(address: nil, port: 80))
        #expect(BoundAddress(family: 1, [1, 0] + Array("/a".utf8) + [0]) == .unix("/a"))
        #expect(BoundAddress(family: 1, [1, 0, 0] + Array("a".utf8)) == .unix("@a"))
        #expect(BoundAddress(family: 1, [1, 0]) == nil)
    }
}
