import CLinux
import Glibc
import Reactor
import Testing

@testable import Processes

@Suite struct AccountTests {
    @Test("an account is found by name and by number, with its groups")
    func account() throws {
        let byName = try Credentials(user: "nobody")
        #expect(byName == (try Credentials(user: "65534")))
        #expect(byName.user == 65534 && byName.group == 65534 && byName.groups == [65534])
        #expect(byName.name == "nobody" && byName.home != nil && byName.shell != nil)
        let root = try Credentials(user: "root", group: "daemon")
        #expect(root.user == 0 && root.group == 1 && root.groups.contains(1))
        #expect(try Credentials(user: "4000000000", group: "4000000001").groups == [4_000_000_001])
    }

    @Test("names that nobody has are told in a sentence")
    func unknown() {
        #expect(throws: CredentialsError.noUser("no-such-user")) { try Credentials(user: "no-such-user") }
        #expect(throws: CredentialsError.noGroup("no-such-group")) {
            try Credentials(user: "root", group: "no-such-group")
        }
        #expect(throws: CredentialsError.groupNeeded(4_000_000_000)) { try Credentials(user: "4000000000") }
        #expect(CredentialsError.noUser("x").description == "there is no user \"x\"")
    }

    @Test("effective capabilities are those that the kernel shows")
    func capabilities() throws {
        let status = try Descriptor.open("/proc/thread-self/status").readText()
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("CapEff:\t") })
        let mask = try #require(UInt64(line.dropFirst(8), radix: 16))
        let bits: [Capability: UInt64] = [
            .changeOwner: 0, .overrideFilePermissions: 1, .kill: 5, .setGroupID: 6, .setUserID: 7,
            .setProcessCapabilities: 8, .setPriority: 23,
            .bindPrivilegedPorts: 10, .systemAdministration: 21, .systemResources: 24,
        ]
        for capability in Capability.allCases {
            #expect(capability.isEffective == (mask >> (try #require(bits[capability])) & 1 == 1))
        }
    }

    @Test("a process's identity is its ID and when it started")
    func identity() throws {
        let first = try ProcessIdentity(of: getpid())
        #expect(first == (try ProcessIdentity(of: getpid())))
        let child = try spawn(SpawnRequest(arguments: [testWorker, "sleep"]))
        #expect(try ProcessIdentity(of: child.pid).startTime > first.startTime)
        try Pidfd.signal(child.pidfd, SIGKILL)
        _ = try waitForExit(child.pidfd)
        #expect(throws: SystemCallError.self) { try ProcessIdentity(of: child.pid) }
    }

    @Test("the start time is found behind a program's name, whatever that is")
    func startTime() {
        let rest = " S 1 4121 4121 0 -1 4194560 2071 0 0 0 3 1 0 0 20 0 4 0 987654321 244318208 1912 184467440"
        #expect(ProcessIdentity.startTime(inStat: "4121 (server)" + rest) == 987_654_321)
        #expect(ProcessIdentity.startTime(inStat: "4121 (a) S 1 (b c)" + rest) == 987_654_321)
        #expect(ProcessIdentity.startTime(inStat: "4121 ())\n)" + rest) == 987_654_321)
        #expect(ProcessIdentity.startTime(inStat: "4121 (server) S 1") == nil)
        #expect(ProcessIdentity.startTime(inStat: "") == nil)
    }
}
