/// What an entry of the supervisor in the journal is about; the raw value stands as `CADRE_EVENT`.
public enum EventKind: String, CaseIterable, Sendable {
    /// An incarnation was started.
    case started
    /// An incarnation may receive work.
    case ready
    /// An incarnation ended by itself.
    case exited
    /// A worker will be started again.
    case restarting
    /// The kernel killed an incarnation that reached its `memory.max`.
    case oomKill = "oom-kill"
    /// An incarnation touched its `memory.high`.
    case memoryHigh = "memory-high"
    /// Too many health probes of an incarnation failed in a row.
    case unhealthy
    /// An incarnation that was unhealthy is well again.
    case healthy
    /// A successor of an incarnation is being started.
    case replacing
    /// A successor took over from an incarnation.
    case replaced
    /// An incarnation was asked to stop.
    case stopping
    /// An incarnation stopped as it was asked to.
    case stopped
    /// An incarnation's cgroup was killed, by command or as it didn't stop in time.
    case killed
    /// All that is left is being killed, as the supervisor was told to end at once.
    case killing
    /// An incarnation was frozen by command.
    case frozen
    /// A frozen incarnation goes on.
    case thawed
    /// The count of a service's workers was changed by command.
    case scaled
    /// The limits of running workers were changed by command.
    case limited
    /// A signal was sent to a worker by command.
    case signalled
    /// A worker is not started yet, or not at all, as it waits for others.
    case waiting
    /// An essential worker has failed for good, so that everything stops.
    case essential
    /// A worker isn't started any more, as it failed too often.
    case failed
    /// A worker isn't started any more, as its policy has it.
    case done
    /// An incarnation could not be started.
    case spawnFailed = "spawn-failed"
    /// Processes of an incarnation outlived even SIGKILL.
    case stuck
    /// A process left its incarnation's cgroup.
    case escaped
    /// An incarnation was refused a process or thread by its `pids.max`.
    case tasksMax = "tasks-max"
    /// The workers of a service on demand were stopped, as nobody was connected.
    case asleep
    /// Somebody connected to a service on demand, whose workers are started.
    case woken
    /// A new configuration is in force.
    case reloaded
    /// A new configuration is wrong, and the old one stays in force.
    case reloadRejected = "reload-rejected"
    /// A worker's output goes elsewhere, as its log could not be opened.
    case logFallback = "log-fallback"
    /// A limit was left out, as its controller isn't available.
    case limitLeftOut = "limit-left-out"
    /// A wall of a sandbox was left out, as the kernel can't build it.
    case wallLeftOut = "wall-left-out"
    /// The workers of a service begin to be replaced by those of another specification.
    case rolloutStarted = "rollout-started"
    /// A roll-out is through with one more worker.
    case rolloutProgress = "rollout-progress"
    /// A roll-out was paused by command.
    case rolloutPaused = "rollout-paused"
    /// A roll-out goes on by command.
    case rolloutResumed = "rollout-resumed"
    /// A roll-out has failed, and is stopped or rolled back.
    case rolloutStopped = "rollout-stopped"
    /// All workers run again what they ran before a roll-out.
    case rolloutRolledBack = "rollout-rolled-back"
    /// All workers of a service run what was rolled out.
    case rolloutDone = "rollout-done"
    /// Cgroups or processes of an earlier supervisor were found.
    case leftovers
    /// The supervisor itself met with an error.
    case trouble
    /// A supervisor goes on with the workers of one that died or was upgraded.
    case adopted
    /// Another program is about to be the supervisor.
    case upgrading
    /// A program was to be the supervisor, and didn't come up.
    case upgradeFailed = "upgrade-failed"
    /// Somebody had a change made by the API. `CADRE_COMMAND`, `CADRE_NAMES`, `CADRE_CALLER_UID`, `…_GID`, `…_PID` and the
    /// like say what and who.
    case commanded
    /// Somebody was refused a change by the API.
    case refused
    /// Entries did not reach the journal.
    case lost

    /// The entry's `MESSAGE_ID`, by which journalctl(1) and the journal's catalog find the kind. It never changes.
    public var messageID: String {
        switch self {
        case .started: "114ac95ee24a4397b0517cac7701f6af"
        case .ready: "90dbc42bbe5643658fd7108bda829e9e"
        case .exited: "a2b8fcd6e08c40889e37149e377506d8"
        case .restarting: "88c08d231a0e452b9f9e1e64b69b4057"
        case .oomKill: "4cb9e4a1ddfd4cea9783646d466f6eb7"
        case .memoryHigh: "e4898910730042c0acf48f2c5bef6874"
        case .unhealthy: "4cbaf9298d4cb9e5506d69cd12c5a861"
        case .healthy: "316f456d8e2071077a91213c441211d1"
        case .replacing: "d8608247d3de406d947fe208b15af1d0"
        case .replaced: "ac7966a24bf842cd970663d1404084ba"
        case .stopping: "f1dea35edadd487eb086ff7f6b78e3c8"
        case .stopped: "4f68057ee3194a30b4061711d9cecae1"
        case .killed: "57c2e7ed37f74cd28bdc637282411a36"
        case .killing: "2d84178c9c6e4044bb3256a9b8cda21c"
        case .frozen: "e4e535363e304ea8b4888b51d89c06e8"
        case .thawed: "6dadac4d658b439bac9bb2ef61674aca"
        case .scaled: "ba0d870f67474c95a855776ad71ff819"
        case .limited: "737570febee6459692fd2a24ea702b84"
        case .signalled: "d5137920d209497ca32aa85e42977dcb"
        case .waiting: "b208a2c58c78432db9bbb17a4f70e585"
        case .essential: "d67e707a2fbd4a1ab682efaa50e485d7"
        case .failed: "69df0bcd33ca4fb694a09213029f6050"
        case .done: "23ab9d042b9d4259b6e80af626c837ab"
        case .spawnFailed: "b1b41f6e5e884aeca03d7b7b1c69ab93"
        case .stuck: "10ec3737f37a4864be9ed9f4ec2c0604"
        case .escaped: "786f8653299241f2be3e7f6a4bd8b91b"
        case .tasksMax: "e6c31f1408d64671bc1466578812ee3f"
        case .asleep: "7ad94e3062074eb799566857f4e31e6a"
        case .woken: "ac7732f13baa4c928d1fb9316163abdb"
        case .reloaded: "069a486b653846cea28faa729250b757"
        case .reloadRejected: "7f4ea25129534070a4611f46aef4d260"
        case .logFallback: "865de584b8f7418088dc06a1aa06c842"
        case .limitLeftOut: "9338ce18c3df432ebe3741db9a051658"
        case .wallLeftOut: "47373b0a825e4992b1794ac0ebd92618"
        case .rolloutStarted: "9af8278477de4a56910f8cdd843ba388"
        case .rolloutProgress: "b9cced18205c41b3bbc08a6ffb30dea3"
        case .rolloutPaused: "618199cf91244c7eb0b55294996fce60"
        case .rolloutResumed: "6bafa5570a7449d897610376e04fa852"
        case .rolloutStopped: "528dfb85f7d94d10b7ba6101bbe53f3d"
        case .rolloutRolledBack: "d51b09be97054d09a09e59ac8565003e"
        case .rolloutDone: "e9d02ae061a44c9d8b0081d32a669ba7"
        case .leftovers: "b696d3693de844fb936cfbfe8ccaa200"
        case .trouble: "8a5bd49adcda4d3495667f39e5f09f58"
        case .adopted: "36ddb2cfba5040fba3a42764cad1ca89"
        case .upgrading: "5b9d046da3de49fab394a8f580b21399"
        case .upgradeFailed: "89f206f837554c63a415c53035e73d25"
        case .commanded: "9886fb71ce0840cdbd3cb24fa8e1944a"
        case .refused: "c7f5165b78c843c0b4b1ea843c8504e7"
        case .lost: "04e1f7d3fdf4496281be8f30f5e21a09"
        }
    }
}
