import CLinux
import CSimulatedKernel
import Glibc

/// The kernel of this process's world.
nonisolated(unsafe) var kernel = Kernel(seed: 0)

// What calls.c calls, each by the name that calls.h gives it.

@c func simulated_thread_started() { conductor.threadStarted() }

@c func simulated_epoll_create() -> Int {
    kernel.call("epoll_create1") { kernel.withFault { kernel.install(OpenFile(.epoll(EventPoll()))) } }
}

@c func simulated_epoll_ctl(
    _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: UnsafeMutablePointer<epoll_event>?
) -> Int {
    kernel.call("epoll_ctl") { kernel.control(epoll, operation, descriptor, event?.pointee) }
}

@c func simulated_epoll_wait(
    _ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>?, _ count: Int32, _ timeout: Int32
) -> Int {
    kernel.call("epoll_wait") {
        kernel.wait(epoll, UnsafeMutableBufferPointer(start: events, count: Int(count)), timeout: timeout)
    }
}

@c func simulated_eventfd() -> Int {
    kernel.call("eventfd") { kernel.withFault { kernel.install(OpenFile(.counter)) } }
}

@c func simulated_timerfd_create() -> Int {
    kernel.call("timerfd_create") { kernel.withFault { kernel.install(OpenFile(.timer)) } }
}

@c func simulated_timerfd_settime(_ descriptor: Int32, _ time: Int64) -> Int {
    kernel.call("timerfd_settime") {
        kernel.openFile(descriptor)?.number = time
        return 0
    }
}

@c func simulated_inotify_init() -> Int {
    kernel.call("inotify_init1") { kernel.withFault { kernel.install(OpenFile(.inotify(InotifyQueue()))) } }
}

@c func simulated_inotify_add_watch(_ inotify: Int32, _ path: UnsafePointer<CChar>, _ mask: UInt32) -> Int {
    kernel.call("inotify_add_watch") { kernel.addWatch(inotify, String(cString: path)) }
}

@c func simulated_inotify_rm_watch(_ inotify: Int32, _ watch: Int32) -> Int {
    kernel.call("inotify_rm_watch") { kernel.removeWatch(inotify, watch) }
}

@c func simulated_clock(_ clock: Int32) -> Int {
    Int(clock == CLOCK_REALTIME ? kernel.now + kernel.wallOffset : kernel.now)
}

@c func simulated_openat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32) -> Int {
    kernel.call("openat") { kernel.open(directory, String(cString: path), flags) }
}

@c func simulated_read(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ size: Int) -> Int {
    kernel.call("read") { kernel.read(descriptor, UnsafeMutableRawBufferPointer(start: buffer, count: size)) }
}

@c func simulated_write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ size: Int) -> Int {
    kernel.call("write") { kernel.write(descriptor, UnsafeRawBufferPointer(start: bytes, count: size)) }
}

@c func simulated_close(_ descriptor: Int32) -> Int { kernel.call("close") { kernel.close(descriptor) } }

@c func simulated_lseek(_ descriptor: Int32, _ offset: Int, _ whence: Int32) -> Int {
    kernel.call("lseek") { kernel.seek(descriptor, offset, whence) }
}

@c func simulated_pwrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ size: Int, _ offset: Int) -> Int {
    kernel.call("pwrite") {
        kernel.write(descriptor, UnsafeRawBufferPointer(start: bytes, count: size), at: offset)
    }
}

@c func simulated_fallocate(_ descriptor: Int32, _ size: Int) -> Int {
    kernel.call("fallocate") { kernel.reserve(descriptor, size) }
}

@c func simulated_truncate(_ descriptor: Int32, _ size: Int) -> Int {
    kernel.call("ftruncate") { kernel.truncate(descriptor, size) }
}

@c func simulated_duplicate(_ descriptor: Int32) -> Int {
    kernel.call("fcntl") {
        guard let file = kernel.openFile(descriptor) else { return -Int(EBADF) }
        return kernel.withFault { kernel.install(file) }
    }
}

@c func simulated_dup3(_ descriptor: Int32, _ target: Int32) -> Int {
    kernel.call("dup3") {
        guard let file = kernel.openFile(descriptor) else { return -Int(EBADF) }
        kernel.descriptors[target] = file
        return Int(target)
    }
}

@c func simulated_stat(
    _ descriptor: Int32, _ path: UnsafePointer<CChar>, _ status: UnsafeMutablePointer<stat>
) -> Int {
    kernel.call("fstat") { kernel.stat(descriptor, String(cString: path), &status.pointee) }
}

@c func simulated_is_cgroup(_ descriptor: Int32) -> Int {
    if case .cgroup = kernel.openFile(descriptor)?.kind { 1 } else { 0 }
}

@c func simulated_flock(_ descriptor: Int32, _ operation: Int32) -> Int {
    kernel.call("flock") { kernel.lock(descriptor) }
}

@c func simulated_mkdirat(_ directory: Int32, _ path: UnsafePointer<CChar>) -> Int {
    kernel.call("mkdirat") { kernel.makeDirectory(directory, String(cString: path)) }
}

@c func simulated_unlinkat(_ directory: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32) -> Int {
    kernel.call("unlinkat") {
        kernel.remove(directory, String(cString: path), isDirectory: flags & Int32(AT_REMOVEDIR) != 0)
    }
}

@c func simulated_rename(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int {
    kernel.call("rename") { kernel.rename(String(cString: from), String(cString: to)) }
}

@c func simulated_exchange(_ first: UnsafePointer<CChar>, _ second: UnsafePointer<CChar>) -> Int {
    kernel.call("renameat2") { kernel.swap(String(cString: first), String(cString: second)) }
}

@c func simulated_access(_ directory: Int32, _ path: UnsafePointer<CChar>) -> Int {
    kernel.call("faccessat") { kernel.access(directory, String(cString: path)) }
}

@c func simulated_getdents(_ directory: Int32, _ buffer: UnsafeMutableRawPointer?, _ size: Int) -> Int {
    kernel.call("getdents64") {
        kernel.entries(directory, UnsafeMutableRawBufferPointer(start: buffer, count: size))
    }
}

@c func simulated_directory_entry(
    _ path: UnsafePointer<CChar>, _ index: Int32, _ name: UnsafeMutablePointer<CChar>
) -> Int {
    let names = kernel.names(in: String(cString: path))
    guard names.indices.contains(Int(index)) else { return 0 }
    strncpy(name, names[Int(index)], 255)
    return 1
}

@c func simulated_fsetxattr(
    _ descriptor: Int32, _ name: UnsafePointer<CChar>, _ value: UnsafeRawPointer?, _ size: Int
) -> Int {
    kernel.call("fsetxattr") {
        kernel.setAttribute(
            descriptor, String(cString: name), Array(UnsafeRawBufferPointer(start: value, count: size)))
    }
}

@c func simulated_fgetxattr(
    _ descriptor: Int32, _ name: UnsafePointer<CChar>, _ value: UnsafeMutableRawPointer?, _ size: Int
) -> Int {
    kernel.call("fgetxattr") {
        guard let bytes = kernel.attribute(descriptor, String(cString: name)) else { return -Int(ENODATA) }
        if size > 0 { UnsafeMutableRawBufferPointer(start: value, count: size).copyBytes(from: bytes.prefix(size)) }
        return bytes.count
    }
}

@c func simulated_fremovexattr(_ descriptor: Int32, _ name: UnsafePointer<CChar>) -> Int {
    kernel.call("fremovexattr") { kernel.setAttribute(descriptor, String(cString: name), nil) }
}

@c func simulated_socket() -> Int {
    kernel.call("socket") { kernel.withFault { kernel.install(OpenFile(.socket(DatagramSocket()))) } }
}

@c func simulated_bind(_ socket: Int32, _ path: UnsafePointer<CChar>) -> Int {
    kernel.call("bind") { kernel.bind(socket, String(cString: path)) }
}

@c func simulated_getsockname(_ socket: Int32, _ path: UnsafeMutablePointer<CChar>, _ size: Int) -> Int {
    kernel.call("getsockname") {
        guard case .socket(let found) = kernel.openFile(socket)?.kind else { return -Int(ENOTSOCK) }
        strncpy(path, found.path, size)
        return 0
    }
}

@c func simulated_receive(
    _ socket: Int32, _ buffer: UnsafeMutableRawPointer?, _ size: Int, _ flags: Int32
) -> Int {
    kernel.call("recv") {
        kernel.receive(socket, UnsafeMutableRawBufferPointer(start: buffer, count: size), flags)
    }
}

@c func simulated_send(_ socket: Int32, _ bytes: UnsafeRawPointer?, _ size: Int, _ descriptor: Int32) -> Int {
    kernel.call("sendmsg") {
        let message = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size), as: UTF8.self)
        return kernel.send(socket, message, descriptor)
    }
}

@c func simulated_poll(
    _ descriptor: Int32, _ events: Int16, _ answer: UnsafeMutablePointer<Int16>, _ timeout: Int32
) -> Int {
    kernel.call("poll") {
        answer.pointee = kernel.poll(descriptor, events, timeout: timeout)
        return answer.pointee == 0 ? 0 : 1
    }
}

@c func simulated_spawn(_ spawn: OpaquePointer) -> Int {
    kernel.call("clone3") { kernel.spawn(UnsafeMutablePointer<cadre_spawn>(spawn)) }
}

@c func simulated_pidfd_open(_ process: Int32) -> Int {
    kernel.call("pidfd_open") { kernel.openPidfd(process) }
}

@c func simulated_pidfd_send_signal(_ pidfd: Int32, _ signal: Int32) -> Int {
    kernel.call("pidfd_send_signal") { kernel.signal(pidfd, signal) }
}

@c func simulated_wait(
    _ pidfd: Int32, _ leave: Bool, _ process: UnsafeMutablePointer<Int32>, _ code: UnsafeMutablePointer<Int32>,
    _ status: UnsafeMutablePointer<Int32>
) -> Int {
    kernel.call("waitid") {
        let (answer, found) = kernel.wait(pidfd, leave: leave)
        guard let found else { return answer }
        process.pointee = found.pid
        let isSignal = found.status & 0x7f != 0
        // CLD_KILLED and CLD_EXITED.
        code.pointee = isSignal ? 2 : 1
        status.pointee = isSignal ? found.status & 0x7f : found.status >> 8
        return answer
    }
}

@c func simulated_pidfd_status(_ pidfd: Int32, _ status: UnsafeMutablePointer<Int32>) -> Int {
    kernel.call("ioctl") {
        let found = kernel.status(ofPidfd: pidfd)
        status.pointee = found.status
        return found.answer
    }
}
