import Cadre
import Glibc
import Reactor
import Testing

/// One who follows what happens and doesn't read. Not in the virtual machines: thousands of events take longer there
/// than a reader may make a pause.
@Suite(.needsControlGroups) struct SlowReaderAPILoadTests {
    @Test(
        "a reader that is too slow is dropped and told so, costs no one else anything, and may come back",
        .enabled(if: !Machine.isSanitized, "with a sanitizer it takes longer than a reader is waited for"))
    func slowReader() throws {
        try withSupervisor(service("web", "sleep", more: "log = { to = 'none' }")) { supervisor in
            try supervisor.ready("web/0")
            let reader = try connect(to: supervisor.socket)
            try send(requestText("GET", "/v1/events"), to: reader)
            // More than the reader may be behind, and what is on its way in buffers.
            let body = #"{"names":["web"],"signal":"CONT"}"#
            let count = 8000
            let sender = try connect(to: supervisor.socket)
            let request = requestText("POST", "/v1/signal", body, headers: ["Content-Type: application/json"])
                .replacing("Connection: close\r\n", with: "")
            for _ in 0..<count / 100 {
                try send(String(repeating: request, count: 100), to: sender)
                try expectAnswers(100, from: sender)
                // Takes what the supervisor logs, which else had to wait for it.
                _ = try supervisor.hasPrinted("no such line")
            }
            #expect(try supervisor.worker("web/0").state == "ready")
            let text = try reader.readText()
            #expect(text.contains("event: snapshot\n"))
            #expect(text.contains("event: dropped\ndata: {\"detail\":\"the reader was more than 4096 events behind"))
            #expect(text.hasSuffix("\r\n0\r\n\r\n"))
            let told = text.occurrences(of: "event: signalled\n")
            #expect(told >= 4096 && told < count)
        }
    }
}
