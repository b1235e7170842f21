import FoundationEssentials
import Supervision
import Systemd

@testable import Cadre
@testable import ControlAPI
@testable import ControlGroups
@testable import Keeper
@testable import Probes
@testable import Processes
@testable import Specification

/// Who reads the bytes.
enum Parser: String, CaseIterable {
    /// The configuration file: users, and whoever generates it.
    case specification
    /// A service's environment file.
    case environment
    /// A worker's sd_notify(3) datagram.
    case notification
    /// A supervisor's message to its keeper.
    case keeper
    /// The kernel's files of a cgroup, `/proc/self/mountinfo` and `/proc/self/cgroup`, and extended attributes of cgroups.
    case cgroup
    /// Files of `/proc` that a worker can shape: its name, its arguments.
    case process
    /// The body of a request to the API.
    case request
    /// A worker's answer to a probe over HTTP.
    case answer
    /// The journal by which a supervisor goes on.
    case journal

    func read(_ bytes: [UInt8]) {
        switch self {
        case .specification: readSpecification(bytes)
        case .environment: readEnvironment(bytes)
        case .notification: readNotification(bytes)
        case .keeper: bytes.withUnsafeBytes { if !$0.isEmpty { _ = KeeperMessage($0) } }
        case .cgroup: readControlGroup(bytes)
        case .process: readProcess(bytes)
        case .request: readRequest(bytes)
        case .answer: readAnswer(bytes)
        case .journal: readJournal(bytes)
        }
    }
}

/// What is understood is the same when it is written and read again, and changes nothing when it is applied again.
private func readSpecification(_ bytes: [UInt8]) {
    do throws(SpecificationError) {
        let specification = try Specification.parse([("cadre.toml", String(decoding: bytes, as: UTF8.self))])
        expect(Plan(from: specification, to: specification, cpus: 2).isEmpty, "a plan from it to itself isn't empty")
        do {
            let text = try JSONEncoder().encode(specification)
            let again = try JSONDecoder().decode(Specification.self, from: text)
            expect(again == specification, "it changes when it is saved: \(String(decoding: text, as: UTF8.self))")
        } catch {
            fatalError("it can't be saved: \(error)")
        }
    } catch {
        expect(!error.problems.isEmpty, "it was refused without a reason")
        for problem in error.problems { expect(!"\(problem)".isEmpty, "a problem has no text") }
    }
}

private func readEnvironment(_ bytes: [UInt8]) {
    do throws(EnvironmentFileError) {
        for (name, _) in try parseEnvironmentFile(String(decoding: bytes, as: UTF8.self)) {
            expect(!name.isEmpty && !name.contains("="), "a variable has the name \(name.debugDescription)")
        }
    } catch {
        expect(!error.problems.isEmpty, "it was refused without a reason")
    }
}

private func readNotification(_ bytes: [UInt8]) {
    for notification in Notification.parse(bytes) {
        switch notification {
        case .status(let text):
            expect(
                text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F },
                "a status has control characters")
        case .mainPID(let pid): expect(pid > 0, "a main process has the ID \(pid)")
        case .extendTimeout(let duration): expect(duration > .zero, "a time-out is extended by \(duration)")
        case .storeDescriptors(let name, _), .removeDescriptors(let name):
            expect(!name.contains(":") && !name.isEmpty, "descriptors have the name \(name.debugDescription)")
        case .ready, .stopping, .watchdog, .watchdogTrigger, .tooLong: break
        }
    }
}

private func readControlGroup(_ bytes: [UInt8]) {
    let span = bytes.span
    _ = CPUStatistics(parsing: span)
    _ = CgroupEvents(parsing: span)
    _ = IOStatistics(parsing: span)
    _ = MemoryStatistics.Composition(parsing: span)
    _ = MemoryEvents(parsing: span)
    _ = PressureStatistics(parsing: span)
    let text = String(decoding: bytes, as: UTF8.self)
    _ = Controller.parse(text)
    _ = RootMark(parsing: text, runtimeDirectory: "/run/cadre")
    _ = CgroupMount.parse(mountInfo: text)
    _ = CgroupMount.parse(processCgroup: text)
    _ = try? CgroupMount.ownCgroup(processCgroup: text, mountInfo: text)
}

private func readProcess(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = ProcessIdentity.startTime(inStat: text)
    let status = ProcessStatus(parsing: text)
    _ = (status.name, status.state, status.parent, status.threads, status.residentBytes, status.user, status.groups)
    _ = LeaderInspection.ResourceLimit.parse(text)
    _ = ProcessDirectory.strings(in: bytes)
}

private func readRequest(_ bytes: [UInt8]) {
    _ = try? JSONBody.decode(CommandRequest.self, from: bytes)
    _ = try? JSONBody.decode(SignalRequest.self, from: bytes)
    _ = try? JSONBody.decode(ScaleRequest.self, from: bytes)
    _ = try? JSONBody.decode(LimitRequest.self, from: bytes)
    _ = try? JSONBody.decode(UpgradeRequest.self, from: bytes)
}

/// In one piece and byte by byte: it makes no difference, and no more is kept than is said.
private func readAnswer(_ bytes: [UInt8]) {
    let probe = HTTPProbe(
        address: .internet(host: "127.0.0.1", port: 80), path: "/", statuses: [200...299], body: "well")
    var whole = HTTPAnswer(expected: probe)
    var parts = HTTPAnswer(expected: probe)
    let atOnce = whole.append(bytes)
    var inParts: ProbeResult?
    for byte in bytes where inParts == nil { inParts = parts.append(CollectionOfOne(byte)) }
    expect(atOnce == inParts, "at once \(String(describing: atOnce)), in parts \(String(describing: inParts))")
}

/// As it is, and with the checksums that no mutation would find: what is behind them is to be reached as well.
private func readJournal(_ bytes: [UInt8]) {
    _ = try? StateJournal.parse(bytes, "state")
    var signed: [UInt8] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        signed += Array("\(StateJournal.checksum(of: line)) ".utf8) + line + [UInt8(ascii: "\n")]
    }
    guard let records = try? StateJournal.parse(signed, "state") else { return }
    _ = try? records.value("specification", as: Specification.self)
    for name in records.keys(behind: "fleet:") {
        _ = try? records.value("fleet:\(name)", as: Fleet.ServiceArchive.self)
    }
    for name in records.keys(behind: "worker:") {
        _ = try? records.value("worker:\(name)", as: SavedState.Worker.self)
        _ = try? records.all("past:\(name)", as: IncarnationRecord.self)
    }
}
