import Cadre
import Glibc
import Reactor
import Testing

/// Servers that nobody here wrote are replaced, released, killed over and upgraded over while clients never stop asking.
@Suite(.serialized, .needsControlGroups, .needsLoadTools) struct LoadTests {
    @Test(
        "while every worker is replaced 20 times, every request is answered",
        arguments: [LoadServer.gunicorn, .httpServer, .nginx])
    func replacements(_ server: LoadServer) throws {
        let port = try freePort()
        try withSupervisor({ try server.service(in: $0, port: port) }) { supervisor in
            for number in 0..<2 { try supervisor.ready("\(server)/\(number)") }
            let load = try Load([port])
            for _ in 0..<20 {
                let (code, output) = try supervisor.cadre("restart", server.rawValue)
                try #require(code == 0, "\(output)")
            }
            try load.waitForMore()
            try load.expectNothingLost("\(server), each worker replaced 20 times")
            for number in 0..<2 {
                let worker = try supervisor.worker("\(server)/\(number)")
                #expect(worker.state == "ready" && worker.restartsByReason == ["manual": 20] && worker.kills == 0)
            }
        }
    }

    @Test(
        "while bad releases are applied, stopped and rolled back, every request is answered",
        arguments: [LoadServer.uvicorn])
    func releases(_ server: LoadServer) throws {
        let port = try freePort()
        func toml(_ scene: Scene, _ release: String, _ onFailure: String = "stop") throws -> String {
            try server.service(
                in: scene, port: port, release: release, more: "rollout = { on_failure = '\(onFailure)', failures = 2 }"
            )
        }
        try withSupervisor({ try toml($0, "one") }) { supervisor in
            for number in 0..<2 { try supervisor.ready("\(server)/\(number)") }
            let load = try Load([port])
            func apply(_ release: String, _ onFailure: String = "stop") throws -> (code: Int32, output: String) {
                try supervisor.scene.write("cadre.toml", try toml(supervisor.scene, release, onFailure))
                let result = try supervisor.cadre("apply")
                try load.waitForMore()
                return result
            }
            let good = try apply("two")
            #expect(good.code == 0, "\(good.output)")
            // It comes up nowhere, so the one before stays.
            let bad = try apply("bad")
            #expect(bad.code == 5 && bad.output.contains("the roll-out of \(server) is stopped, as \(server)/0 failed"))
            #expect(bad.output.contains("this release is a bad one"), "\(bad.output)")
            // It comes up in worker 0, which is replaced back when worker 1 fails.
            let half = try apply("bad-1", "rollback")
            #expect(half.code == 5 && half.output.contains("is rolled back, as \(server)/1 failed"), "\(half.output)")
            #expect(half.output.contains("this release is a bad one"), "\(half.output)")
            let next = try apply("three")
            #expect(next.code == 0, "\(next.output)")
            let undo = try supervisor.cadre("rollout", "undo", server.rawValue)
            #expect(undo.code == 0, "\(undo.output)")
            try load.waitForMore()
            let outcome = try load.expectNothingLost("\(server), two good releases and two bad ones")
            #expect(outcome.fresh.releases.keys.contains("one") && outcome.fresh.releases.keys.contains("three"))
            #expect(outcome.fresh.releases["bad"] == nil && outcome.kept.releases["bad"] == nil)
            for number in 0..<2 {
                let worker = try supervisor.worker("\(server)/\(number)")
                #expect(worker.state == "ready" && worker.kills == 0)
            }
            let last = try connect(to: port)
            try last.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(try last.readText().hasSuffix(" two\n"))
        }
    }

    @Test("while the supervisor is killed 100 times, every request is answered, and nothing restarts")
    func kills() throws {
        try withMarket(of: [.gunicorn, .nginx]) { supervisor, market in
            let before = try Stillness(supervisor, market)
            let killer = try RandomKiller(of: supervisor, kills: 100, seed: 0xCAD4E)
            try killer.finish(reading: supervisor)
            try market.waitForMore()
            try supervisor.readLog()
            try market.expectNothingLost("supervisor killed 100 times")
            try before.expectUnchanged(supervisor, market)
            // All of the ends of a worker that lives for a moment were learnt, whoever was its parent by then.
            let ends = supervisor.lines.filter { $0.contains("batch/0 exited with code 7") }
            let others = supervisor.lines.filter { $0.contains("batch/0 ") && $0.contains("not known") }
            #expect(ends.count > 10 && others.isEmpty, "\(ends.count) ends, and \(others)")
        }
    }

    @Test("while the supervisor is upgraded 10 times, every request is answered, and nothing restarts")
    func upgrades() throws {
        try withMarket(of: [.uvicorn, .gunicornThreads, .httpServer]) { supervisor, market in
            let before = try Stillness(supervisor, market)
            for _ in 0..<10 {
                let (code, output) = try supervisor.cadre("upgrade")
                try #require(code == 0, "\(output)")
            }
            try market.waitForMore()
            try market.expectNothingLost("supervisor upgraded 10 times")
            try before.expectUnchanged(supervisor, market)
        }
    }

    @Test("while workers are replaced and the supervisor is killed all the time, every request is answered")
    func killsDuringReplacements() throws {
        let server = LoadServer.httpServer
        let port = try freePort()
        try withSupervisor({ try server.service(in: $0, port: port) }) { supervisor in
            for number in 0..<2 { try supervisor.ready("\(server)/\(number)") }
            let load = try Load([port])
            let killer = try RandomKiller(of: supervisor, kills: 25, seed: 0xF1EE7)
            var commands = 0
            while try killer.isAtWork() {
                // It may find no supervisor, or lose it before there is an answer.
                _ = try supervisor.cadre("restart", server.rawValue)
                commands += 1
            }
            try killer.finish(reading: supervisor)
            // What was begun is finished, and this comes behind it.
            let (code, output) = try supervisor.cadre("restart", server.rawValue)
            #expect(code == 0, "\(output)")
            try load.waitForMore()
            try load.expectNothingLost("supervisor killed 25 times, during \(commands) restarts of the service")
            for number in 0..<2 {
                let worker = try supervisor.worker("\(server)/\(number)")
                #expect(worker.state == "ready" && worker.kills == 0)
                #expect(Set(worker.restartsByReason.keys) == ["manual"], "\(worker.restartsByReason)")
            }
            let groups = try supervisor.groups()
            #expect(groups.count == 3, "\(groups)")
        }
    }

    // MARK: What servers lose by themselves

    @Test("http.server as it is loses what it has in work when it is stopped, without Cadre as well")
    func plainHTTPServer() throws {
        let server = LoadServer.plainHTTPServer
        // All requests take their time, so that there is always one in work.
        let bare = try withBareServer(server, slow: 1) { server, load in
            for _ in 0..<3 {
                try server.replace(times: 1)
                try load.waitForMore()
            }
        }
        let port = try freePort()
        try withSupervisor({ try server.service(in: $0, port: port, workers: 1) }) { supervisor in
            try supervisor.ready("\(server)/0")
            let load = try Load([port], slow: 1)
            for _ in 0..<3 {
                try supervisor.cadre("restart", server.rawValue)
                try load.waitForMore()
            }
            let outcome = try load.finish()
            print("load: \(server), replaced 3 times: \(outcome.lost) lost with Cadre, \(bare.lost) without it")
            #expect(outcome.lost > 0 && bare.lost > 0)
        }
    }

    @Test(
        "uvicorn as it is hangs up on a connection that hasn't asked yet, without Cadre as well; with a protocol it waits"
    )
    func plainUvicorn() throws {
        try withScene { scene in
            let server = try BareServer(.plainUvicorn, in: scene)
            let answer = try answerToHalf(server.port) {
                try server.replace(times: 1)
                return nil
            }
            #expect(answer == "")
            try server.stop()
        }
        for (server, expected) in [(LoadServer.plainUvicorn, ""), (.uvicorn, "HTTP/1.1 200 OK")] {
            let port = try freePort()
            try withSupervisor({ try server.service(in: $0, port: port, workers: 1) }) { supervisor in
                try supervisor.ready("\(server)/0")
                let answer = try answerToHalf(port) {
                    let restart = try supervisor.begin(["restart", server.rawValue])
                    try supervisor.expect("\(server)/0", "Shutting down")
                    return restart
                }
                #expect(answer == expected)
            }
        }
    }
}
