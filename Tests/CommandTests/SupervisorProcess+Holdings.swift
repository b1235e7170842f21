import FoundationEssentials
import Reactor

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

    /// How many descriptors the keeper and the supervisor have open.
    func descriptorCounts() -> [Int] {
        [keeper, pid].map { (try? openDescriptors(of: $0).count) ?? 0 }
    }

    /// The same once connections of a moment ago are closed there.
    func settledDescriptorCounts() -> [Int] {
        var (last, times) = (descriptorCounts(), 0)
        _ = eventually {
            let now = descriptorCounts()
            times = now == last ? times + 1 : 0
            last = now
            return times == 100
        }
        return last
    }
}
