import Glibc
import Testing

/// Every system call of the core fails once with each error that it may have.
///
/// As many of them as come to pass in some seconds, in an order that the seed `CADRE_SEED` gives, or with `CADRE_EVERY_ERROR` all
/// of them, and each of a call's first four occurrences (`make test-calls`).
@Suite(
    .needsControlGroups, .needsRoot, .serialized,
    .enabled(if: !Machine.isSanitized, "a sanitizer makes system calls of its own, and ends where it gets no memory"))
struct CallFailureTests {
    /// What may fail without a word, as nothing is lost by it: the beginnings of kinds, and with which errors if not all.
    /// That a call is to be made again (EINTR, EAGAIN) need not be said of any.
    private static let silent: [(kind: String, errors: [Int32])] = [
        // The descriptor is closed whatever the result is, and with it what waits for it.
        ("close ", []), ("epoll_ctl-delete ", []), ("inotify_rm_watch", []),
        // The attribute is for a supervisor that adopts; without it, it says so then.
        ("child fsetxattr user.cadre.leader", []),
        // The search for the program goes on, and what is said in the end is that there is none (ENOENT).
        ("child execve ", [ENOTDIR]),
        // What a killed supervisor left at the path is removed, and it is done again.
        ("bind", [EADDRINUSE]),
        // A race of the kernel's, and it is done again.
        ("child dup2 ", [EBUSY]), ("dup3 ", [EBUSY]),
        // The allocator's.
        ("madvise", []), ("mprotect", []), ("munmap", []),
        // Figures that are left out where they would be shown.
        ("openat cpu.", []), ("openat io.", []), ("openat memory.", []), ("openat pids.", []),
        ("read cpu.", []), ("read io.", []), ("read memory.", []), ("read pids.", []),
        // What could be left behind is left there, or by each child.
        ("prctl", [EPERM]), ("openat credentials", []),
        // There is no file to exchange the new one with, or no such call; it is moved, then.
        ("renameat2 state.new", [ENOENT, EINVAL]),
        // Whether a descriptor is a terminal.
        ("ioctl ", [ENOTTY]),
        // The name of a thread is for who looks at it from outside.
        ("openat-write comm", []), ("write comm", []),
        // The cgroup is gone; and whether it is frozen shows with its next event.
        ("openat cgroup.events", []), ("read cgroup.events", []),
        // There are no drop-ins, and no credentials; what is left of those is removed by the next supervisor.
        ("openat conf.d", [ENOENT]), ("openat web.#@#", []), ("openat lines.#@#", []),
        // Sockets that nobody is behind any more are removed at the end.
        ("unlink lines.#@#", []), ("unlink web.#@#", []),
        // It has ended.
        ("pidfd_send_signal", [ESRCH]),
        // What was waited for is looked at whether it has come or not.
        ("poll", [ENOMEM]),
        // There is no message, and the loop comes back for it.
        ("recvfrom", []),
        // To the keeper, which is told once more.
        ("sendmsg socket", [ENOBUFS, ENOMEM]), ("sendto socket", [ENOBUFS, ENOMEM]),
        // The file that is going to take the place of the one that counts is begun once more.
        ("fallocate state.new", []), ("pwrite64 state.new", []),
        // It holds something, so that what is in it goes first.
        ("unlinkat-directory #@#", [EBUSY]),
        // The supervisor's log.
        ("write pipe", []),
    ]

    /// The same while a supervisor comes up.
    private static let silentInSuccession: [(kind: String, errors: [Int32])] = [
        // What says that a process is gone is no failure.
        ("pidfd_open", [ESRCH]), ("openat stat", [ENOENT]), ("openat cgroup", [ENOENT]),
        // The directory is there, and who may not make it is told so in other words.
        ("mkdirat ", [EEXIST, EACCES, EPERM, EROFS]),
        // Without a thread for it each child gives up its capabilities itself.
        ("clone3", []),
        // What dead workers left is found by the next one.
        ("openat notify", []), ("getdents64 notify", []), ("newfstatat", []),
    ]

    private func maySayNothing(of fault: CallFault, in step: CallOrdeal.Step) -> Bool {
        if [EINTR, EAGAIN].contains(fault.error) { return true }
        return (Self.silent + (step == .succession ? Self.silentInSuccession : [])).contains { kind, errors in
            fault.kind.description.hasPrefix(kind) && (errors.isEmpty || errors.contains(fault.error))
        }
    }

    @Test(
        "a system call may fail with any error: the supervisor goes on, says so, loses nothing and holds nothing more")
    func everyCall() throws {
        try failCalls(of: CallOrdeal.Step.ofOneSupervisor, toml: { CallOrdeal.toml($0) }, for: .seconds(40)) { _ in }
    }

    @Test("the same while a supervisor comes up: it goes on with all workers, or says why not and another one does")
    func everyCallOfSuccessor() throws {
        // From then on all workers have been adopted, so that what is held for them stays the same.
        try failCalls(
            of: [.succession], toml: { CallOrdeal.toml($0, budget: 1_000_000) }, for: .seconds(15)
        ) { try $0.take(.succession) }
    }

    /// Learns which calls are made for some steps, then has them fail, one each time.
    ///
    /// - Parameters:
    ///   - time: how long this may take if not all errors are asked for.
    ///   - prepare: what comes first.
    private func failCalls(
        of steps: [CallOrdeal.Step], toml: (Scene) throws -> String, for time: Duration,
        prepare: (CallOrdeal) throws -> Void
    ) throws {
        let isWhole = getenv("CADRE_EVERY_ERROR") != nil
        let seed = getenv("CADRE_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 0 ... .max)
        var random = Seeded(state: seed)
        try withSupervisor(toml) { supervisor in
            let ordeal = try CallOrdeal(supervisor)
            try prepare(ordeal)
            var faults: [CallOrdeal.Step: [CallFault]] = [:]
            for step in steps {
                for (kind, count) in try ordeal.learn(step) {
                    for error in try CallErrors.errors(of: kind) {
                        for occurrence in isWhole
                            ? Array(1...min(count, 4)) : [Int.random(in: 1...count, using: &random)]
                        {
                            faults[step, default: []].append(
                                CallFault(kind: kind, occurrence: occurrence, error: error))
                        }
                    }
                }
                faults[step]?.shuffle(using: &random)
            }
            let all = faults.values.map(\.count).reduce(0, +)
            var (made, missed) = (0, 0)
            let deadline = ContinuousClock.now + (isWhole ? .seconds(3600) : time)
            while faults.values.contains(where: { !$0.isEmpty }), .now < deadline {
                for step in steps {
                    guard let fault = faults[step]?.popLast() else {
                        try ordeal.take(step)
                        continue
                    }
                    let outcome = try telling("seed \(seed): \(step), and \(fault)", supervisor) {
                        try ordeal.take(step, failing: fault)
                    }
                    made += outcome.wasReached ? 1 : 0
                    missed += outcome.wasReached ? 0 : 1
                    #expect(
                        !outcome.wasReached || !outcome.said.isEmpty || maySayNothing(of: fault, in: step),
                        "seed \(seed): \(step), and \(fault): nothing was said of it")
                    #expect(
                        outcome.failures.allSatisfy { $0.contains(CallErrors.name(fault.error)) },
                        "seed \(seed): \(step), and \(fault): \(outcome.failures)")
                    #expect(!outcome.hasDied, "seed \(seed): \(step), and \(fault): the supervisor ended")
                }
            }
            print("seed \(seed): \(made) of \(all) calls failed, \(missed) were not made")
            #expect(!isWhole || made + missed == all, "seed \(seed): not all errors were tried within an hour")
            #expect(made > 9 * missed, "seed \(seed): most calls are not made: the scenario or the tracer is broken")
        }
    }
}
