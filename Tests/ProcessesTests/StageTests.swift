import CLinux
import Processes
import Reactor
import SystemPackage
import Testing

/// The stage, which the build puts beside the tests.
private let stage =
    testWorker.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    + "/cadre-stage"

/// The program that puts up walls: with one that takes no privileges, as far as walls are no matter.
@Suite struct StageTests {
    private func request(_ arguments: String..., walls: Walls? = nil) -> SpawnRequest {
        var request = SpawnRequest(arguments: [testWorker] + arguments, environment: ["A=1", "B=two"])
        request.walls = walls ?? Walls(stage: stage, landlock: LandlockRules(paths: [.init("/", .execute)]))
        return request
    }

    @Test("arguments and environment are the process's") func arguments() throws {
        #expect(try output(of: request("arguments", "a b", "")) == "a b\n\n")
        #expect(try output(of: request("environment")) == "A=1\nB=two\n")
    }

    @Test("it leaves no descriptor behind") func descriptors() throws {
        let lines = try output(of: request("fds")).split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(lines.sorted() == ["0", "1", "2"])
    }

    @Test("the process ID is that of the process that was started") func processID() throws {
        var request = request("environment")
        request.listenPID = true
        let lines = try output(of: request).split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("LISTEN_PID=") && !$0.hasSuffix("=0000000000") })
    }

    @Test("signals are as they are without") func signals() throws {
        let lines = try output(of: request("signals")).split(separator: "\n")
        #expect(lines.prefix(2).allSatisfy { $0.hasSuffix("0000000000000000") })
    }

    @Test("the working directory is entered") func directory() throws {
        var request = request("directory")
        request.workingDirectory = "/usr"
        #expect(try output(of: request) == "/usr\n")
        request.workingDirectory = "/nowhere"
        let error = try #require(spawnError(request))
        #expect(error.step == .directory && error.object == "/nowhere" && error.errno == .noSuchFileOrDirectory)
    }

    @Test("a program that can't be executed is named") func program() throws {
        var request = request("arguments")
        request.arguments = ["/nowhere/at/all"]
        let error = try #require(spawnError(request))
        #expect(error.step == .exec && error.object == "/nowhere/at/all")
        #expect("\(error)".hasPrefix("exec /nowhere/at/all: No such file or directory (ENOENT)"))
        request.arguments = ["no-such-program"]
        #expect("\(try #require(spawnError(request)))".contains("it is in none of the directories of PATH"))
    }

    @Test("neither a process nor a descriptor is left, whether they run or fail") func noResidue() async {
        // In a process of its own, where no other test starts children.
        await #expect(processExitsWith: .success) {
            for index in 0..<40 {
                var request = SpawnRequest(arguments: [index.isMultiple(of: 2) ? "/bin/true" : "/nowhere/at/all"])
                request.walls = Walls(stage: stage, landlock: LandlockRules(paths: [.init("/", .execute)]))
                if index.isMultiple(of: 2) {
                    let child = try spawn(request)
                    try #require(openPidfds() == [child.pidfd.rawValue])
                    try #require(try waitForExit(child.pidfd) == .exited(code: 0))
                } else {
                    try #require(spawnError(request)?.step == .exec)
                }
            }
            try #require(openPidfds().isEmpty)
            var information = siginfo_t()
            try #require(waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == -1 && cadre_errno() == ECHILD)
        }
    }

    @Test("a stage that isn't there is said, with what to do") func missing() throws {
        let error = try #require(
            spawnError(request("arguments", walls: Walls(stage: "/nowhere/cadre-stage", hasPrivateNetwork: true))))
        #expect(error.step == .stage)
        #expect(
            "\(error)".hasPrefix("run the stage /nowhere/cadre-stage: No such file or directory (ENOENT); it belongs"))
    }

    @Test("what isn't Cadre can't do anything with it") func alone() throws {
        let request = SpawnRequest(arguments: [stage], descriptors: [0, 1, 1])
        _ = try output(of: request, expecting: .exited(code: 64))
    }

    @Test("user and groups are changed behind the mounts", .enabled(if: isRoot, "needs root")) func user() throws {
        var request = request(
            "credentials", walls: Walls(stage: stage, mounts: [.init("/mnt", .temporary)]))
        request.surroundings.credentials = nobody
        let text = try output(of: request)
        #expect(text.contains("Uid:\t65534\t65534\t65534\t65534") && text.contains("Groups:\t65534"))
        #expect(text.contains("CapEff:\t0000000000000000"))
    }
}
