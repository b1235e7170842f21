import Glibc
import Processes
import SystemPackage
import Testing

@Suite struct PrivilegeTests {
    private static let bind = CapabilitySet(name: "CAP_NET_BIND_SERVICE")

    /// What the fixture program says of its credentials, by the names of the kernel's fields.
    private func credentials(of request: SpawnRequest) throws -> [String: String] {
        var request = request
        let text = try copyOfTestWorker { path in
            request.arguments = request.arguments.map { $0 == testWorker ? path : $0 }
            return try output(of: request)
        }
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0]), parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " "))
            })
    }

    private static let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]

    @Test(
        "a process has exactly its capabilities, whoever it runs as, and however it is executed",
        .enabled(if: isRoot, "needs root"), arguments: [nil, nobody], [nil, bind])
    func capabilities(user: Credentials?, set: CapabilitySet?) throws {
        let expected = set == nil ? "0000000000000000" : "0000000000000400"
        for command in [[testWorker, "credentials"], ["/bin/sh", "-c", "exec \"$0\" credentials", testWorker]] {
            let found = try credentials(
                of: SpawnRequest(
                    arguments: command,
                    surroundings: Surroundings(credentials: user, capabilities: set ?? CapabilitySet())))
            for name in Self.sets { #expect(found[name] == expected, "\(name) of \(command)") }
            #expect(found["SecureBits"] == "0b")
            #expect(found["NoNewPrivs"] == "0")
        }
    }

    @Test("a set-user-ID program gives nothing back, with and without no_new_privs", .enabled(if: isRoot, "needs root"))
    func setUserID() throws {
        // Debian 13 mounts /tmp with nosuid.
        try withTemporaryDirectory(in: "/var/tmp") { directory in
            #expect(chmod(directory, 0o755) == 0)
            let script = "cp /bin/cat \"$0\" && chmod 4755 \"$0/cat\""
            _ = try output(of: SpawnRequest(arguments: ["/bin/sh", "-c", script, directory]))
            let request = SpawnRequest(
                arguments: ["\(directory)/cat", "/proc/self/status"],
                surroundings: Surroundings(credentials: nobody, capabilities: CapabilitySet()))
            let text = try output(of: request)
            // The user it does change, but that user is root in name only.
            #expect(text.contains("Uid:\t65534\t0\t0\t0\n"))
            #expect(text.contains("CapEff:\t0000000000000000\n") && text.contains("CapPrm:\t0000000000000000\n"))
            var walled = request
            walled.surroundings.noNewPrivileges = true
            #expect(try output(of: walled).contains("Uid:\t65534\t65534\t65534\t65534\n"))
        }
    }

    @Test("without a limit, root's capabilities are the supervisor's", .enabled(if: isRoot, "needs root"))
    func unlimited() throws {
        let found = try credentials(of: SpawnRequest(arguments: [testWorker, "credentials"]))
        #expect(UInt64(found["CapPrm"] ?? "", radix: 16) == CapabilitySet.ofThisProcess.bits)
        #expect(found["SecureBits"] == "00")
    }

    @Test(
        "a supervisor without privileges gives none away, and needs none for that", .enabled(if: isRoot, "needs root"))
    func unprivileged() async {
        await #expect(processExitsWith: .success) {
            try #require(setgroups(0, nil) == 0 && setgid(65534) == 0)
            try #require(setuid(65534) == 0)
            let command = ["/bin/grep", "-E", "^(CapPrm|CapAmb|NoNewPrivs)", "/proc/self/status"]
            let text = try output(
                of: SpawnRequest(
                    arguments: command,
                    surroundings: Surroundings(capabilities: CapabilitySet(), noNewPrivileges: true)))
            try #require(text == "CapPrm:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n")
            let error = spawnError(
                SpawnRequest(
                    arguments: command,
                    surroundings: Surroundings(capabilities: CapabilitySet(name: "CAP_CHOWN"))))
            try #require(error?.step == .capabilities && error?.errno == .notPermitted)
            try #require(error?.description.contains("reduce the capabilities to CAP_CHOWN: ") == true)
        }
    }

    @Test(
        "a thread that gave up its bounding set starts processes with and without capabilities as before",
        .enabled(if: isRoot && Capability.setProcessCapabilities.isEffective, "needs root and CAP_SETPCAP"))
    func withoutBoundingSet() async {
        await #expect(processExitsWith: .success) {
            let command = ["/bin/grep", "-E", "^(CapPrm|CapBnd)", "/proc/self/status"]
            let before = try output(of: SpawnRequest(arguments: command))
            CapabilitySet.giveUpBoundingSetOfThread()
            try #require(try output(of: SpawnRequest(arguments: command)) == before)
            for (bits, text) in [(0, "0000000000000000"), (1 << 10, "0000000000000400")] as [(UInt64, String)] {
                let request = SpawnRequest(
                    arguments: command, surroundings: Surroundings(capabilities: CapabilitySet(bits: bits)))
                try #require(try output(of: request) == "CapPrm:\t\(text)\nCapBnd:\t\(text)\n")
            }
            var failing = SpawnRequest(arguments: ["/nonexistent"])
            try #require(spawnError(failing)?.step == .exec)
            failing.surroundings.capabilities = CapabilitySet()
            try #require(spawnError(failing)?.step == .exec)
        }
    }

    @Test("capabilities are known by their names")
    func names() {
        #expect(CapabilitySet(name: "CAP_CHOWN")?.bits == 1)
        #expect(Self.bind?.names == ["CAP_NET_BIND_SERVICE"])
        for name in ["CAP_NONSENSE", "NET_BIND_SERVICE", "cap_chown", "CAP_", "0", ""] {
            #expect(CapabilitySet(name: name) == nil, "\(name)")
        }
        var set = CapabilitySet(name: "CAP_KILL")
        set?.formUnion(CapabilitySet(bits: 1))
        #expect(set?.description == "CAP_CHOWN CAP_KILL")
    }
}
