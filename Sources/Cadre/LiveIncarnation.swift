import CLinux
import ControlGroups
import Probes
import Processes
import Reactor
import Specification
import Supervision
import Systemd

/// One execution of a worker and all that the supervisor holds for it.
final class LiveIncarnation {
    /// Which worker this is.
    let worker: WorkerID
    /// Its number among the worker's incarnations.
    let number: UInt64
    /// What it was started with; the service's own may have changed since.
    let specification: ServiceSpecification
    /// The key of that in the journal.
    let specificationKey: String
    /// What it is limited to; the specification's, unless that was changed since.
    var limits: ResourceLimits
    /// Its cgroup.
    let group: ControlGroup
    /// Where its processes send what sd_notify(3) has to say.
    var notifications: NotificationSocket

    /// The process that counts as the worker: the one we started, or another one it named with `MAINPID=`.
    var leader: Leader?
    /// Leaders of ours that gave that up, and wait to be reaped.
    var formerLeaders: [Leader] = []
    /// The leader and the former ones.
    var leaders: [Leader] { formerLeaders + (leader.map { [$0] } ?? []) }

    /// How the leader ended.
    var exit: ProcessExit?
    /// What it said with `STATUS=`.
    var statusText: String?
    /// Where its last lines can be found.
    var log = LogSource.none
    /// Whether it could not be read of late whether any process is left.
    var isUnreadable = false
    /// Whether it was killed and does not die.
    var isStuck = false
    /// Whether it is over and what it used is part of the worker's past.
    var isCounted = false
    /// How often it had touched `memory.high`, or its limit of tasks, when that was last told.
    var memoryHighTouches: UInt64 = 0
    var hasTouchedTasksMax = false
    /// Whether the kernel says that all of it is frozen.
    var isFrozen = false
    /// The pid of the first leader, for the record.
    var firstPid: Int32?
    /// The name under which the keeper has the socket for notifications.
    var keptName: String?

    /// What is asked for its health; the specification's, unless that was changed since.
    var healthProbe: HealthProbe?
    /// The probe that is under way.
    var probe: Task<Void, Never>?
    /// What the last one said.
    var lastProbe: ProbeSnapshot?
    /// What waits for the line that makes it ready.
    var lineWatch: LineWatch?
    /// The environment of commands that probe it, once there was one.
    var probeEnvironment: [String]?

    var notificationWatch: Watch?
    /// Whether its notifications are being received.
    var isReceiving = false
    /// How many came in the second that began with the first of them.
    var messages = MessageCount()
    /// How often it was warned of of late.
    var complaints = RateLimit(10, per: .seconds(60))
    var eventWatches: [Int32] = []

    /// How many messages came within one second.
    struct MessageCount {
        private(set) var beginning = Duration.zero
        private(set) var count = 0

        mutating func add(at now: Duration) {
            if now - beginning >= .seconds(1) { (beginning, count) = (now, 0) }
            count += 1
        }
    }

    /// A process held by its pidfd.
    final class Leader {
        let pid: Int32
        let pidfd: Descriptor
        let parent: Parent
        /// When it started, if that is known; as in ``ProcessIdentity``.
        let startTime: UInt64?
        var watch: Watch?

        /// Whether it is a zombie, or gone.
        var hasEnded: Bool {
            var descriptor = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
            return poll(&descriptor, 1, 0) > 0
        }

        init(pid: Int32, pidfd: consuming Descriptor, _ parent: Parent, startTime: UInt64? = nil) {
            self.pid = pid
            self.pidfd = pidfd
            self.parent = parent
            self.startTime = startTime
        }

        /// Whose child a process is, who learns how it ends.
        enum Parent: String, Codable {
            /// Ours.
            case supervisor
            /// The keeper's: it was the child of a supervisor that died.
            case keeper
            /// Another process's of the incarnation, or the keeper's once that one is gone.
            case other
        }
    }

    init(
        worker: WorkerID, number: UInt64, specification: ServiceSpecification, key: String,
        group: consuming ControlGroup, notifications: consuming NotificationSocket
    ) {
        self.worker = worker
        self.number = number
        self.specification = specification
        specificationKey = key
        limits = specification.limits
        healthProbe = specification.healthProbe
        self.group = group
        self.notifications = notifications
    }

    /// Reaps those leaders of ours that are left; for when the cgroup is empty and it is known how the leader ended.
    func reapLeaders() {
        for leader in leaders where leader.parent == .supervisor {
            // One that left the cgroup is no worker any more.
            Pidfd.end(leader.pidfd, within: .milliseconds(100))
        }
    }

    /// Its cgroup, relative to the delegated root: `web/0@17`.
    var groupPath: String { "\(worker.service)/\(Self.groupName(worker, number))" }

    /// Its name where those of all services are together: `web.0@17`.
    var fileName: String { "\(worker.service).\(Self.groupName(worker, number))" }

    /// The name of its cgroup in its service's: `0@17`.
    static func groupName(_ worker: WorkerID, _ number: UInt64) -> String { "\(worker.number)@\(number)" }

    /// What the name of a cgroup in a service's stands for; nil for one that isn't an incarnation's.
    static func parse(groupName: String, of service: String) -> (worker: WorkerID, number: UInt64)? {
        let parts = groupName.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let worker = Int(parts[0]), let number = UInt64(parts[1]) else { return nil }
        return (WorkerID(service: service, number: worker), number)
    }
}
