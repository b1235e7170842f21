import CLinux
import Glibc
import Reactor
import Synchronization
import Testing

@testable import Probes

@Suite("Waiting for lines") struct LineWatchTests {
    private func write(_ text: String, to path: String, flags: Int32 = O_APPEND) throws {
        try Descriptor.open(path, flags: O_WRONLY | O_CREAT | flags, mode: 0o600).write(text)
    }

    @Test("it tells once, and nothing after it was given up") func once() {
        let count = Atomic(0)
        let watch = LineWatch(text: "listening") { count.add(1, ordering: .relaxed) }
        watch.look(at: Array("not yet".utf8))
        #expect(count.load(ordering: .relaxed) == 0)
        watch.look(at: Array("now listening on 1".utf8))
        watch.look(at: Array("listening".utf8))
        #expect(count.load(ordering: .relaxed) == 1 && watch.isOver)
        let other = LineWatch(text: "a") { count.add(1, ordering: .relaxed) }
        other.end()
        other.look(at: Array("a".utf8))
        #expect(count.load(ordering: .relaxed) == 1)
    }

    @Test(
        "a file is followed from where it ended, in whatever pieces, renamed or truncated", .bounded
    )
    func file() async throws {
        let path = "/tmp/cadre-lines-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        defer {
            unlink(path)
            unlink("\(path).1")
        }
        let prober = try Prober()
        for way in 0..<3 {
            let former = "ready, but that was another one\n"
            try write(former, to: path, flags: O_TRUNC)
            let watches = (0..<2).map { _ in LineWatch(text: "ready") {} }
            for watch in watches { try prober.follow(path, from: former.utf8.count, watch) }
            try write("something longer\nre", to: path)
            #expect(watches.allSatisfy { !$0.isOver })
            switch way {
            case 0: try write("ady now\n", to: path)
            case 1:
                let held = try Descriptor.open(path, flags: O_WRONLY | O_APPEND)
                rename(path, "\(path).1")
                try held.write("ady now\n")
            default: try write("ready\n", to: path, flags: O_TRUNC)
            }
            for watch in watches {
                await withCheckedContinuation { continuation in watch.atEnd { continuation.resume() } }
            }
        }
    }
}
