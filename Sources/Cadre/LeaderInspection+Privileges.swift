import CLinux
import Processes

extension LeaderInspection {
    /// Fills in what a process may do, and how it shares the machine.
    mutating func describePrivileges(_ process: borrowing ProcessDirectory, _ status: ProcessStatus) {
        capabilities = status.capabilities("CapPrm")
        capabilityBounds = status.capabilities("CapBnd")
        noNewPrivileges = status.words("NoNewPrivs").first.map { $0 == "1" }
        fileCreationMask = status.words("Umask").first.map(String.init)
        processors = status.words("Cpus_allowed_list").first.map(String.init)
        outOfMemoryScore = (try? process.text("oom_score_adj")).flatMap { Int($0.prefix { $0 != "\n" }) }
        if let text = try? process.text("stat") { describeScheduling(text) }
        ioScheduling = Scheduling.describe(ioPriority: cadre_io_priority(process.pid))
    }

    /// From the text of `/proc/<pid>/stat` (proc_pid_stat(5)).
    mutating func describeScheduling(_ text: String) {
        func number(_ field: Int) -> Int? { ProcessIdentity.statField(field, of: text).flatMap { Int($0) } }
        niceness = number(19)
        schedulingPriority = number(40).flatMap { $0 == 0 ? nil : $0 }
        schedulingPolicy = number(41).map { Scheduling.name(ofPolicy: $0) }
    }
}

extension ProcessStatus {
    /// The names in a set of capabilities, which is in hexadecimal.
    fileprivate func capabilities(_ field: Substring) -> [String]? {
        words(field).first.flatMap { UInt64($0, radix: 16) }.map { CapabilitySet(bits: $0).names }
    }
}
