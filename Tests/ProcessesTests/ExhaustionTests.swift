import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

/// What changes a limit of the whole test process happens in a process of its own.
@Suite struct ExhaustionTests {
    @Test("the soft limit is raised to the hard one, and children get the original back")
    func raise() async {
        await #expect(processExitsWith: .success) {
            let before = try OpenFileLimit.current()
            let original = OpenFileLimit(soft: before.hard / 2, hard: before.hard)
            try setLimit(RLIMIT_NOFILE, soft: original.soft, hard: original.hard)
            try #require(try OpenFileLimit.raise() == original)
            try #require(try OpenFileLimit.current() == OpenFileLimit(soft: before.hard, hard: before.hard))
            let request = SpawnRequest(
                arguments: [testWorker, "limits"], surroundings: Surroundings(openFileLimit: original))
            try #require(try output(of: request).hasPrefix("files \(original.soft) \(original.hard)\n"))
        }
    }

    @Test("a supervisor out of descriptors gets an exhaustion error, and can spawn once it has one again")
    func outOfDescriptors() async {
        await #expect(processExitsWith: .success) {
            let before = try OpenFileLimit.current()
            // A limit of none, whatever other threads open and close meanwhile.
            try setLimit(RLIMIT_NOFILE, soft: 0, hard: before.hard)
            let error = try #require(spawnError(SpawnRequest(arguments: ["/bin/true"])))
            try #require(error.step == .clone && error.errno == .tooManyOpenFiles && error.isExhaustion)
            try setLimit(RLIMIT_NOFILE, soft: before.soft, hard: before.hard)
            try #require(spawnError(SpawnRequest(arguments: ["/bin/true"])) == nil)
        }
    }

    @Test("a user out of processes gets an exhaustion error that names the limits")
    func outOfProcesses() async {
        await #expect(processExitsWith: .success) {
            try setLimit(__RLIMIT_NPROC, soft: 0, hard: 0)
            // The limit doesn't hold for root.
            if geteuid() == 0 { try systemCall("setuid") { setuid(65534) } }
            let error = try #require(spawnError(SpawnRequest(arguments: ["/bin/true"])))
            try #require(error.step == .clone && error.errno == .resourceTemporarilyUnavailable && error.isExhaustion)
            try #require(error.remedy.contains("RLIMIT_NPROC") && error.remedy.contains("pids.max"))
        }
    }

    @Test("without the privilege to change the user, the error names the capability")
    func missingPrivilege() async {
        await #expect(processExitsWith: .success) {
            if geteuid() == 0 { try systemCall("setuid") { setuid(65534) } }
            let other = Credentials(user: 1, group: 1, groups: [1])
            let error = try #require(
                spawnError(SpawnRequest(arguments: ["/bin/true"], surroundings: Surroundings(credentials: other))))
            try #require(error.step == .groups && error.errno == .notPermitted)
            try #require(error.remedy.contains("CAP_SETGID"))
            #expect(throws: CredentialsError.missing(.setUserID, user: "1")) { try other.requirePrivileges() }
        }
    }
}

private func setLimit(_ resource: __rlimit_resource, soft: UInt64, hard: UInt64) throws(SystemCallError) {
    var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard))
    try systemCall("setrlimit") { setrlimit(__rlimit_resource_t(resource.rawValue), &limit) }
}
