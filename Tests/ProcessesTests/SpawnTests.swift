import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

@Suite struct SpawnTests {
    @Test("a process gets exactly its arguments and its environment")
    func argumentsAndEnvironment() throws {
        let arguments = try output(of: SpawnRequest(arguments: [testWorker, "arguments", "", "a b", "größe"]))
        #expect(arguments == "\na b\ngröße\n")
        let request = SpawnRequest(arguments: [testWorker, "environment"], environment: ["A=1", "B=", "C=x=y"])
        #expect(try output(of: request) == "A=1\nB=\nC=x=y\n")
        #expect(try output(of: SpawnRequest(arguments: [testWorker, "environment"])) == "")
    }

    @Test("LISTEN_PID is the process's own ID without leading zeros")
    func listenPID() throws {
        let pipe = try makePipe()
        let child = try spawn(
            SpawnRequest(
                arguments: [testWorker, "environment"], environment: ["A=1"],
                descriptors: [0, pipe.writing.rawValue, 2], listenPID: true))
        #expect(try pipe.closeWriting().readText() == "A=1\nLISTEN_PID=\(child.pid)\n")
        #expect(try waitForExit(child.pidfd) == .exited(code: 0))
    }

    @Test("a program without a slash is found along the PATH of its own environment")
    func searchPath() throws {
        let directory = testWorker.dropLast("/TestWorker".count)
        let environment = ["PATH=/nonexistent:/etc/passwd:\(directory)"]
        #expect(
            try output(of: SpawnRequest(arguments: ["TestWorker", "arguments", "x"], environment: environment)) == "x\n"
        )
        let error = spawnError(SpawnRequest(arguments: ["TestWorker"], environment: ["PATH=/nonexistent"]))
        #expect(
            error?.description
                == "exec TestWorker: No such file or directory (ENOENT); it is in none of the directories of PATH (/nonexistent)"
        )
    }

    @Test("a process leads its own session, with no signal blocked or ignored")
    func signals() throws {
        let text = try withIgnoredAndBlockedSignals {
            try output(of: SpawnRequest(arguments: [testWorker, "signals"]))
        }
        #expect(text.contains("SigBlk:\t0000000000000000\n"))
        #expect(text.contains("SigIgn:\t0000000000000000\n"))
        let words = text.split(separator: "\n").last?.split(separator: " ") ?? []
        #expect(words.count == 4 && words[1] == words[3])
    }

    /// Ignores SIGPIPE as servers do (and the test runner may), and blocks SIGUSR1 for this thread.
    private func withIgnoredAndBlockedSignals(_ body: () throws -> String) throws -> String {
        var set = sigset_t()
        var previous = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGUSR1)
        pthread_sigmask(SIG_BLOCK, &set, &previous)
        let handler = signal(SIGURG, SIG_IGN)
        defer {
            pthread_sigmask(SIG_SETMASK, &previous, nil)
            signal(SIGURG, handler)
        }
        let text = try body()
        // The caller's own mask is as it was.
        var now = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &now)
        #expect(sigismember(&now, SIGUSR1) == 1)
        #expect(sigismember(&now, SIGUSR2) == sigismember(&previous, SIGUSR2))
        return text
    }

    @Test("the caller's signal mask is restored after a failure as well")
    func maskAfterFailure() {
        var before = sigset_t()
        var after = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &before)
        _ = spawnError(SpawnRequest(arguments: ["/nonexistent"]))
        _ = spawnError(SpawnRequest(arguments: [testWorker], controlGroup: 0))
        pthread_sigmask(SIG_BLOCK, nil, &after)
        #expect((1...64).allSatisfy { sigismember(&before, $0) == sigismember(&after, $0) })
    }

    @Test("working directory, file creation mask, open file limit and no_new_privs are set")
    func surroundings() throws {
        #expect(
            try output(of: SpawnRequest(arguments: [testWorker, "directory"], workingDirectory: "/usr/bin"))
                == "/usr/bin\n")
        let limits = SpawnRequest(
            arguments: [testWorker, "limits"],
            surroundings: Surroundings(fileCreationMask: 0o027, openFileLimit: OpenFileLimit(soft: 77, hard: 99)))
        #expect(try output(of: limits).hasPrefix("files 77 99\numask 027\n"))
        let privileges = SpawnRequest(
            arguments: [testWorker, "credentials"], surroundings: Surroundings(noNewPrivileges: true))
        #expect(try output(of: privileges).contains("NoNewPrivs:\t1\n"))
        #expect(try output(of: SpawnRequest(arguments: [testWorker, "credentials"])).contains("NoNewPrivs:\t0\n"))
    }

    @Test("a process has its new user, groups and no capability", .enabled(if: isRoot, "needs root"))
    func credentials() throws {
        var request = SpawnRequest(arguments: [testWorker, "credentials"])
        request.surroundings.credentials = Credentials(user: 65534, group: 65533, groups: [65533, 12, 34])
        let text = try copyOfTestWorker { path in
            request.arguments[0] = path
            return try output(of: request)
        }
        #expect(text.contains("Uid:\t65534\t65534\t65534\t65534\n"))
        #expect(text.contains("Gid:\t65533\t65533\t65533\t65533\n"))
        #expect(text.contains("Groups:\t12 34 65533 \n"))
        for kind in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            #expect(text.contains("\(kind):\t0000000000000000\n"))
        }
        #expect(geteuid() == 0)
    }

    @Test("credentials that are the caller's own need no privilege")
    func ownCredentials() throws {
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = getgroups(1024, &groups)
        let own = Credentials(user: geteuid(), group: getegid(), groups: Array(groups.prefix(Int(count))))
        try own.requirePrivileges()
        let request = SpawnRequest(arguments: [testWorker, "exit", "0"], surroundings: Surroundings(credentials: own))
        #expect(try output(of: request) == "")
    }

    @Test(
        "a process can be started in every cgroup, and is there from its first instruction",
        .enabled(if: isRoot, "needs root"))
    func controlGroup() throws {
        let mount = try #require(try unifiedHierarchy(), "no cgroup2 file system is mounted")
        let name = "cadre-test-\(getpid())-spawn"
        try systemCall("mkdir", name) { mkdir("\(mount)/\(name)", 0o755) }
        defer { rmdir("\(mount)/\(name)") }
        let directory = try Descriptor.open("\(mount)/\(name)", flags: O_DIRECTORY)
        let request = SpawnRequest(arguments: [testWorker, "report-cgroup"], controlGroup: directory.rawValue)
        #expect(try output(of: request).split(separator: "\n").contains("0::/\(name)"))

        // Removed, but still open.
        try systemCall("rmdir", name) { rmdir("\(mount)/\(name)") }
        let error = spawnError(request)
        #expect(error?.step == .clone)
        #expect([.noSuchFileOrDirectory, Errno(rawValue: ENODEV)].contains(error?.errno))
        #expect(error?.description.contains("\(mount)/\(name)") == true)
        #expect(error?.description.hasSuffix("; the cgroup was removed") == true)
    }

    @Test("200 processes leave no zombie and no descriptor, whether they run or fail")
    func noResidue() async {
        // In a process of its own, where no other test starts children. (The test runner opens descriptors there too,
        // at any time, but no pidfd, which is all that a spawn opens.)
        await #expect(processExitsWith: .success) {
            for index in 0..<200 {
                if index.isMultiple(of: 2) {
                    let child = try spawn(SpawnRequest(arguments: ["/bin/true"]))
                    try #require(openPidfds() == [child.pidfd.rawValue])
                    try #require(try waitForExit(child.pidfd) == .exited(code: 0))
                } else {
                    try #require(spawnError(SpawnRequest(arguments: ["/nonexistent"]))?.step == .exec)
                }
            }
            try #require(openPidfds().isEmpty)
            // No child is left, neither running nor as a zombie. (WNOWAIT: nothing is reaped by this.)
            var information = siginfo_t()
            try #require(waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == -1 && cadre_errno() == ECHILD)
        }
    }

    private func unifiedHierarchy() throws -> String? {
        for line in try Descriptor.open("/proc/self/mounts").readText().split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
        }
        return nil
    }
}

/// A copy of the fixture program where every user may execute it, whatever the permissions above the build directory.
func copyOfTestWorker(_ body: (String) throws -> String) throws -> String {
    // There every user may, and the libraries are beside it, where a copy would not find them.
    if getenv("CADRE_TEST_MACHINE") != nil { return try body(testWorker) }
    var text = ""
    try withTemporaryDirectory { directory in
        try systemCall("chmod", directory) { chmod(directory, 0o755) }
        _ = try output(of: SpawnRequest(arguments: ["/bin/cp", testWorker, directory]))
        text = try body("\(directory)/TestWorker")
    }
    return text
}
