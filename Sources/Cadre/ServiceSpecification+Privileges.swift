import CLinux
import Processes
import Reactor
import Specification

extension ServiceSpecification {
    /// Looks whether this process may do what the kernel would refuse, or heed in part only, without saying what is missing.
    ///
    /// - Parameter account: whose the workers are; nil if they are our own user's.
    func requirePrivileges(as account: Credentials?) throws {
        if let wanted = capabilities.set {
            let missing = wanted.isEmpty ? wanted : wanted.subtracting(.ofThisProcess)
            if !missing.isEmpty { throw LaunchFailure.capabilities(missing) }
            // Being root would give what the supervisor can't take away.
            if !noNewPrivileges, (account?.user ?? currentUser()) == 0, !Capability.setProcessCapabilities.isEffective {
                throw LaunchFailure.unlimitedRoot
            }
        }
        if let processors = scheduling.processors {
            let online = try NumberListFormat.parse(try onlineProcessors())
            let missing = processors.filter { !online.contains($0) }
            if !missing.isEmpty { throw LaunchFailure.processors(missing, online: online) }
        }
    }
}

private func onlineProcessors() throws(SystemCallError) -> String {
    let path = "/sys/devices/system/cpu/online"
    return String(try Descriptor.open(path).readText(path).prefix { $0 != "\n" })
}
