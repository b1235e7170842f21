import CLinux
import Keeper
import Logging
import Reactor
import SystemPackage
import Systemd

/// Making room for another program.
extension Supervisor {
    /// The path of the program that this supervisor is.
    public nonisolated static var program: String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        // A package that was upgraded has put another file in its place.
        return path.hasSuffix(" (deleted)") ? String(path.dropLast(" (deleted)".count)) : path
    }

    /// Has the keeper put another program in this one's place, as soon as ``depart()`` is called. Nothing of what runs is
    /// touched by that. If the new one doesn't come up, this program is started again.
    ///
    /// - Parameter path: the program's absolute path; nil for the file that is now where this program was.
    /// - Returns: the path.
    /// - Throws: ``CommandError`` if there is no keeper, or no such program.
    public func upgrade(to path: String? = nil) throws(CommandError) -> String {
        try requireRunning()
        guard options.keeper != nil else {
            throw .conflict("this supervisor runs without a keeper, which could start another program")
        }
        // The answer to the first one is under way; which of two programs it would be is nobody's guess.
        guard !isUpgrading, departure == nil else { throw .conflict("another upgrade is under way") }
        let path = path ?? Self.program
        guard path.hasPrefix("/") else { throw .invalid("\(path) is no absolute path of a program") }
        do {
            // What is opened now is what is executed, whatever happens to the file.
            let program = Shared(try Descriptor.open(path))
            var status = stat()
            try systemCall("fstat", path) { fstat(program.value.rawValue, &status) }
            guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else {
                throw CommandError.invalid("\(path) is no file")
            }
            try systemCall("access", path) { access(path, X_OK) }
            events.log(.notice, .upgrading, "upgrading to \(path)")
            isUpgrading = true
            prepareDeparture(.upgrade(path: path, program))
        } catch let error as CommandError {
            throw error
        } catch {
            throw .invalid("cannot upgrade to \(path): \(error)")
        }
        return path
    }
}
