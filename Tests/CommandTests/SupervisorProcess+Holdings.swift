import FoundationEssentials
import Reactor
import Testing

/// What a supervisor holds of the machine, as anybody can see it.
extension SupervisorProcess {
    /// The cgroups of a service's incarnations.
    func groups(of service: String) -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(scene.cgroup)/\(service)")) ?? []
        return Set(names.filter { $0.contains("@") })
    }

    /// The keeper, its children and theirs, zombies included.
    func processes() -> Set<Int32> {
        var found: Set<Int32> = [keeper]
        var next: [Int32] = [keeper]
        while let process = next.popLast() {
            for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? [] {
                let text = (try? Descriptor.open("/proc/\(process)/task/\(task)/children").readText()) ?? ""
                for child in text.split(separator: " ").compactMap({ Int32($0) }) where found.insert(child).inserted {
                    next.append(child)
                }
            }
        }
        return found
    }

    /// How many descriptors the keeper and the supervisor have open, in this order, leaving out connections of the
    /// control API: one that a client is done with is closed when the supervisor gets round to it.
    func descriptorCounts() throws -> [Int] {
        let connections = controlConnections()
        return try [keeper, pid].map { process in
            let numbers = try openDescriptors(of: process)
            return numbers.compactMap { try? readLink("/proc/\(process)/fd/\($0)") }.count { !connections.contains($0) }
        }
    }

    /// The sockets that were accepted from the control socket, as links of `/proc/PID/fd` name them (proc_net(5)).
    private func controlConnections() -> Set<String> {
        var found: Set<String> = []
        let text = (try? Descriptor.open("/proc/\(pid)/net/unix").readText()) ?? ""
        for line in text.split(separator: "\n") {
            // Number, references, protocol, flags (__SO_ACCEPTCON of one that listens), type, state, inode, path.
            let fields = line.split(separator: " ")
            guard fields.count == 8, fields[7] == socket, fields[3] == "00000000" else { continue }
            found.insert("socket:[\(fields[6])]")
        }
        return found
    }

    /// The counts once what is on its way is done.
    func settledDescriptorCounts() throws -> [Int] {
        var (last, times) = (try descriptorCounts(), 0)
        _ = eventually {
            let now = (try? descriptorCounts()) ?? []
            times = now == last ? times + 1 : 0
            last = now
            return times == 100
        }
        return last
    }

    /// Expects that they become what they were, as what was opened since is closed.
    func expectDescriptorCounts(_ before: [Int], at location: SourceLocation = #_sourceLocation) {
        #expect(
            eventually { (try? descriptorCounts()) == before },
            "\((try? descriptorCounts()) ?? []) descriptors of keeper and supervisor, \(before) before",
            sourceLocation: location)
    }
}
