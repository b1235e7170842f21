import CLinux
import Glibc
import Processes
import Reactor
import Synchronization
import Testing

/// A throw-away directory and a throw-away cgroup for one test.
final class Scene {
    private static let counter = Atomic(0)
    /// The directory; everyone may enter it.
    let directory: String
    /// The cgroup's absolute path.
    let cgroup: String
    /// The cgroup's name.
    let name: String

    init() throws {
        name = "cadre-test-\(getpid())-c\(Self.counter.add(1, ordering: .relaxed).newValue)"
        directory = "/tmp/\(name)"
        cgroup = "\(try #require(Machine.cgroupRoot))/\(name)"
        try systemCall("mkdir", directory) { mkdir(directory, 0o755) }
        try systemCall("mkdir", cgroup) { mkdir(cgroup, 0o755) }
    }

    /// Kills what is left, and takes both away.
    func remove() throws {
        try Descriptor.open("\(cgroup)/cgroup.kill", flags: O_WRONLY).write("1")
        let events = try Descriptor.open("\(cgroup)/cgroup.events")
        while try !isEmpty(events) {
            var polled = pollfd(fd: events.rawValue, events: Int16(POLLPRI), revents: 0)
            let ready = try systemCall("poll") { poll(&polled, 1, 60_000) }
            try #require(ready > 0, "\(cgroup) is not empty 60 s after it was killed")
        }
        try shell(#"find "$1" -depth -type d -exec rmdir {} +; rm -rf "$2""#, cgroup, directory)
    }

    private func isEmpty(_ events: borrowing Descriptor) throws -> Bool {
        try systemCall("lseek") { lseek(events.rawValue, 0, SEEK_SET) }
        return try events.readText().contains("populated 0")
    }

    /// A path in the directory.
    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Writes a file in the directory, and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let path = path(name)
        try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).write(text)
        return path
    }

    /// Writes a program in the directory, from another process: a child that another test starts at this moment would
    /// hold a descriptor of this one that is open for writing, and executing the file would fail with ETXTBSY.
    func writeProgram(_ name: String, _ text: String) throws -> String {
        let path = path(name)
        try shell(#"printf %s "$1" > "$2" && chmod 755 "$2""#, text, path)
        return path
    }

    /// Whether a cgroup is there, by its path below the throw-away one.
    func hasGroup(_ path: String) -> Bool { access("\(cgroup)/\(path)", F_OK) == 0 }
}

/// Gives a test a scene; afterwards nothing of it is left.
func withScene(_ body: (Scene) throws -> Void) throws {
    let scene = try Scene()
    do {
        try body(scene)
    } catch {
        try? scene.remove()
        throw error
    }
    try scene.remove()
}
