import CLinux
import Glibc

/// Waiting: epoll(7), inotify(7), timerfd_create(2), poll(2).
extension Kernel {
    /// How often the supervisor may be woken without having nothing to do in between.
    private static let mostWakeUps = 20_000

    // MARK: Readiness

    /// What epoll would say of an open file.
    private func readiness(of file: OpenFile) -> UInt32 {
        let readable = EPOLLIN.rawValue
        return switch file.kind {
        case .counter: file.number > 0 ? readable : 0
        case .timer: file.number > 0 && file.number <= now ? readable : 0
        case .inotify(let queue): queue.events.isEmpty ? 0 : readable
        case .pidfd(let process):
            switch process.state {
            case .running, .ending: 0
            case .zombie: readable
            case .reaped: readable | EPOLLHUP.rawValue
            }
        case .socket(let socket): socket.messages.isEmpty ? 0 : readable
        case .keeper: keeper.records.isEmpty ? 0 : readable
        case .epoll, .null, .file, .cgroup, .cgroupFile, .text: 0
        }
    }

    func control(_ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: epoll_event?) -> Int {
        guard case .epoll(let poll) = openFile(epoll)?.kind, let file = openFile(descriptor) else { return -Int(EBADF) }
        let place = poll.items.firstIndex { $0.descriptor == descriptor && $0.file === file }
        switch (operation, place, event) {
        case (EPOLL_CTL_ADD, nil, let event?):
            poll.items.append(
                EventPoll.Item(descriptor: descriptor, file: file, interest: event.events, token: event.data.u64))
        case (EPOLL_CTL_ADD, _?, _): return -Int(EEXIST)
        case (EPOLL_CTL_MOD, let place?, let event?):
            (poll.items[place].interest, poll.items[place].token) = (event.events, event.data.u64)
        case (EPOLL_CTL_DEL, let place?, _): poll.items.remove(at: place)
        default: return -Int(ENOENT)
        }
        return 0
    }

    /// The events that there are; without any and with `timeout` -1, those that there are once time has gone on.
    func wait(_ epoll: Int32, _ events: UnsafeMutableBufferPointer<epoll_event>, timeout: Int32) -> Int {
        guard case .epoll(let poll) = openFile(epoll)?.kind else { return -Int(EBADF) }
        while true {
            poll.items.removeAll { $0.file == nil }
            // A hang-up is told in any case. In any order: nobody is promised one.
            var ready = poll.items.compactMap { item -> epoll_event? in
                guard let file = item.file else { return nil }
                let found = readiness(of: file) & (item.interest | EPOLLHUP.rawValue)
                return found == 0 ? nil : epoll_event(events: found, data: epoll_data_t(u64: item.token))
            }
            if !ready.isEmpty {
                ready.shuffle(using: &random)
                // Not all at once, as for one with many; the others are told the next time.
                if chance(0.2) { ready = Array(ready.prefix(1)) }
                wakeUps += 1
                if wakeUps > Self.mostWakeUps {
                    fail("nobody spins", "the supervisor is told of the same again and again, and never sleeps")
                    endSupervisor(Self.killed)
                }
                for (index, event) in ready.prefix(events.count).enumerated() { events[index] = event }
                return min(ready.count, events.count)
            }
            if timeout == 0 { return 0 }
            wakeUps = 0
            if chance(0.02) { return -Int(EINTR) }
            if callsLeft != nil {
                note("the supervisor is killed as it sleeps")
                endSupervisor(Self.killed)
            }
            if beforeSleep() { return 0 }
            let timer = poll.items.compactMap { item -> Int64? in
                guard let file = item.file, case .timer = file.kind, file.number > 0 else { return nil }
                return file.number
            }
            sleep(until: timer.min())
        }
    }

    func poll(_ descriptor: Int32, _ events: Int16, timeout: Int32) -> Int16 {
        let deadline = timeout < 0 ? nil : now + Int64(timeout) * 1_000_000
        while true {
            guard let file = openFile(descriptor) else { return Int16(POLLNVAL) }
            if case .cgroupFile(let group, _) = file.kind {
                if group.isRemoved || group.version != file.version { return Int16(POLLPRI | POLLERR) }
            } else {
                let found = Int16(truncatingIfNeeded: readiness(of: file)) & (events | Int16(POLLHUP))
                if found != 0 { return found }
            }
            if let deadline, now >= deadline { return 0 }
            sleep(until: deadline)
        }
    }

    // MARK: inotify

    func addWatch(_ inotify: Int32, _ path: String) -> Int {
        guard case .inotify(let queue) = openFile(inotify)?.kind else { return -Int(EBADF) }
        // /proc/self/fd/NUMBER/FILE
        let parts = path.split(separator: "/")
        guard parts.count == 5, let directory = Int32(parts[3]), case .cgroup(let group) = openFile(directory)?.kind,
            !group.isRemoved
        else { return -Int(ENOENT) }
        if faults.directories > 0, chance(faults.directories) { return -Int(ENOSPC) }
        let file = String(parts[4])
        if let known = queue.watches.first(where: { $0.value.group === group && $0.value.file == file }) {
            return Int(known.key)
        }
        queue.lastWatch += 1
        queue.watches[queue.lastWatch] = InotifyQueue.Watch(group: group, file: file)
        return Int(queue.lastWatch)
    }

    func removeWatch(_ inotify: Int32, _ watch: Int32) -> Int {
        guard case .inotify(let queue) = openFile(inotify)?.kind else { return -Int(EBADF) }
        guard queue.watches.removeValue(forKey: watch) != nil else { return -Int(EINVAL) }
        queue.add(watch, UInt32(IN_IGNORED))
        return 0
    }

    func read(_ queue: InotifyQueue, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if queue.events.isEmpty { return -Int(EAGAIN) }
        let size = MemoryLayout<inotify_event>.size
        let count = min(queue.events.count, buffer.count / size)
        for (index, event) in queue.events.prefix(count).enumerated() {
            buffer.storeBytes(of: event.watch, toByteOffset: index * size, as: Int32.self)
            buffer.storeBytes(of: event.mask, toByteOffset: index * size + 4, as: UInt32.self)
            buffer.storeBytes(of: 0, toByteOffset: index * size + 8, as: UInt64.self)
        }
        queue.events.removeFirst(count)
        return count * size
    }
}
