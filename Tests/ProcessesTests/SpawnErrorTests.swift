import CLinux
import Glibc
import Processes
import Reactor
import SystemPackage
import Testing

@Suite struct SpawnErrorTests {
    @Test("what isn't there, isn't a program or isn't allowed is an error of exec")
    func exec() throws {
        try withTemporaryDirectory { directory in
            #expect(
                spawnError(SpawnRequest(arguments: ["\(directory)/app"]))?.description
                    == "exec \(directory)/app: No such file or directory (ENOENT)")

            try writeFile("\(directory)/script", "#!/nonexistent/interpreter\n", mode: "755")
            #expect(
                spawnError(SpawnRequest(arguments: ["\(directory)/script"]))?.remedy.hasPrefix(
                    "\(directory)/script exists but its interpreter") == true)
            #expect(
                spawnError(SpawnRequest(arguments: ["./script"], workingDirectory: directory))?.remedy.contains(
                    "exists but its interpreter") == true)

            try writeFile("\(directory)/text", "echo hello\n", mode: "755")
            let format = spawnError(SpawnRequest(arguments: ["\(directory)/text"]))
            #expect(format?.step == .exec && format?.errno == .execFormatError)
            #expect(format?.remedy.contains("#!/bin/sh") == true)

            try writeFile("\(directory)/plain", "#!/bin/sh\n", mode: "644")
            let denied = spawnError(SpawnRequest(arguments: ["\(directory)/plain"]))
            #expect(denied?.step == .exec && denied?.errno == .permissionDenied)
            #expect(denied?.object == "\(directory)/plain")

            // What is forbidden in one directory of PATH is told only if no other has it.
            let environment = ["PATH=\(directory):/nonexistent"]
            let search = spawnError(SpawnRequest(arguments: ["plain"], environment: environment))
            #expect(search?.errno == .permissionDenied && search?.object == "\(directory)/plain")
        }
        let long = SpawnRequest(arguments: ["/bin/true", String(repeating: "x", count: 200_000)])
        #expect(spawnError(long)?.errno == .argListTooLong)
    }

    @Test("a working directory that can't be entered is named")
    func directory() {
        let error = spawnError(SpawnRequest(arguments: ["/bin/true"], workingDirectory: "/nonexistent"))
        #expect(error?.step == .directory)
        #expect(
            error?.description
                == "change directory to /nonexistent: No such file or directory (ENOENT); /nonexistent doesn't exist; create it"
        )
        let file = spawnError(SpawnRequest(arguments: ["/bin/true"], workingDirectory: "/etc/passwd"))
        #expect(file?.step == .directory && file?.errno == .notDirectory)
    }

    @Test("an empty command and a NUL byte are refused before anything is started")
    func arguments() {
        #expect(spawnError(SpawnRequest(arguments: []))?.step == .arguments)
        #expect(spawnError(SpawnRequest(arguments: ["/bin/true", "a\0b"]))?.step == .arguments)
        #expect(spawnError(SpawnRequest(arguments: ["/bin/true"], environment: ["A=\0"]))?.object == "A=")
        #expect(spawnError(SpawnRequest(arguments: ["/bin/true"], workingDirectory: "/\0"))?.step == .arguments)
    }

    @Test("what isn't a cgroup's directory is an error of clone")
    func clone() throws {
        let file = try Descriptor.open("/etc/passwd")
        let error = spawnError(SpawnRequest(arguments: ["/bin/true"], controlGroup: file.rawValue))
        #expect(error?.step == .clone && error?.errno == .badFileDescriptor)
        #expect(error?.object == "/etc/passwd")
    }

    @Test("limits that are wrong, and limits that need a privilege, are errors")
    func limits() throws {
        let wrong = spawnError(
            SpawnRequest(
                arguments: ["/bin/true"], surroundings: Surroundings(openFileLimit: OpenFileLimit(soft: 20, hard: 10))))
        #expect(wrong?.step == .limits && wrong?.errno == .invalidArgument)
        let above = spawnError(
            SpawnRequest(
                arguments: ["/bin/true"],
                surroundings: Surroundings(openFileLimit: OpenFileLimit(soft: 10, hard: 1 << 40))))
        #expect(above?.step == .limits && above?.errno == .notPermitted)
        #expect(above?.remedy.contains("CAP_SYS_RESOURCE") == true)
    }

    @Test("IDs that the kernel doesn't know are errors of their steps", .enabled(if: isRoot, "needs root"))
    func invalidCredentials() {
        // -1 means "leave as it is" to setresuid(2) but is no valid member of a list of groups.
        let groups = Credentials(user: 1, group: 1, groups: [.max])
        let error = spawnError(SpawnRequest(arguments: ["/bin/true"], surroundings: Surroundings(credentials: groups)))
        #expect(error?.step == .groups && error?.errno == .invalidArgument)
    }

    @Test("a directory that only root may enter is an error for another user", .enabled(if: isRoot, "needs root"))
    func directoryOfRoot() throws {
        try withTemporaryDirectory { directory in
            let request = SpawnRequest(
                arguments: ["/bin/true"], workingDirectory: directory, surroundings: Surroundings(credentials: nobody))
            let error = spawnError(request)
            #expect(error?.step == .directory && error?.errno == .permissionDenied)
            #expect(error?.remedy.hasPrefix("\(directory) can't be entered by user 65534: its mode is 700") == true)
        }
    }

    @Test("exhaustion is told from a wrong request")
    func exhaustion() {
        for errno in [Errno.resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem] {
            #expect(errno.isExhaustion)
        }
        #expect(spawnError(SpawnRequest(arguments: ["/nonexistent"]))?.isExhaustion == false)
    }
}
