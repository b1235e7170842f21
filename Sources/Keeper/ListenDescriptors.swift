import CLinux

/// The descriptors that whoever started this process passed to it (sd_listen_fds(3)).
public enum ListenDescriptors {
    /// Takes them over, by the names they have in `LISTEN_FDNAMES`; close-on-exec from now on.
    ///
    /// To be called once, while there is no other thread: it removes the variables.
    public static func take() -> [(name: String, descriptor: Int32)] {
        let (pid, number) = (take("LISTEN_PID"), take("LISTEN_FDS"))
        let names = (take("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard let pid, Int32(pid) == getpid(), let number, let count = Int32(number), count > 0 else { return [] }
        return (0..<count).map { index in
            let number = 3 + index
            _ = cadre_fcntl(number, F_SETFD, FD_CLOEXEC)
            return (names.indices.contains(Int(index)) ? String(names[Int(index)]) : "unknown", number)
        }
    }

    private static func take(_ name: String) -> String? {
        defer { unsetenv(name) }
        return getenv(name).map { String(cString: $0) }
    }
}
