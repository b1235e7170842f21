import CLinux
import Reactor
import SystemPackage

/// Hands credentials of systemd's (systemd.exec(5), "Credentials") on to workers: each incarnation gets a directory of its
/// own, which its user alone may read, and nobody but root change.
struct CredentialDirectories {
    /// What systemd hands over in all is not more (`CREDENTIALS_TOTAL_SIZE_MAX`).
    private static let largestCredential = 1 << 20

    /// Where the supervisor's own are; nil if it has none.
    let source: String?
    /// Where those of incarnations are.
    let path: String

    /// - Parameters:
    ///   - environment: the supervisor's.
    ///   - path: a directory, made when it is needed.
    init(environment: [String: String], path: String) {
        source = environment["CREDENTIALS_DIRECTORY"]
        self.path = path
    }

    /// Makes the directory of an incarnation, in the place of what may be left there.
    ///
    /// - Parameters:
    ///   - name: the directory's.
    ///   - credentials: which it is to hold.
    ///   - user: who is to read them; nil for the supervisor's own user.
    func make(_ name: String, _ credentials: [String], for user: UInt32?) throws {
        let directory = "\(path)/\(name)"
        // Others pass through to their own, and see no one else's.
        try makeDirectory(path, mode: 0o711)
        remove(name)
        try systemCall("mkdir", directory) { mkdir(directory, 0o700) }
        do {
            for credential in credentials { try copy(credential, to: "\(directory)/\(credential)", for: user) }
            try allow(user, directory, mode: 0o500)
        } catch {
            remove(name)
            throw error
        }
    }

    private func copy(_ name: String, to target: String, for user: UInt32?) throws {
        guard let source else { throw CredentialError.none(name) }
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read("\(source)/\(name)", atMost: Self.largestCredential)
        } catch {
            if case .system(let error) = error, error.errno == .noSuchFileOrDirectory {
                throw CredentialError.missing(name)
            }
            throw CredentialError.unreadable(name, error)
        }
        try Descriptor.open(target, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o400).write(bytes, target)
        try allow(user, target, mode: 0o400)
    }

    /// By an entry in the access control list, as systemd does it, so that the worker isn't the owner, who could change it;
    /// where the file system has no such lists, the worker becomes the owner.
    private func allow(_ user: UInt32?, _ path: String, mode: UInt32) throws(SystemCallError) {
        try systemCall("chmod", path) { chmod(path, mode) }
        guard let user, user != geteuid() else { return }
        do {
            try systemCall("set the access control list of", path) { cadre_allow_reading(path, mode, user) }
        } catch {
            guard error.errno == .notSupported else { throw error }
            try systemCall("chown", path) { chown(path, user, gid_t.max) }
        }
    }

    /// Removes the directory of an incarnation, if there is one.
    func remove(_ name: String) {
        let directory = "\(path)/\(name)"
        guard let files = try? Directory.names(at: directory) else { return }
        // Even an owner needs leave for that.
        chmod(directory, 0o700)
        for file in files { unlink("\(directory)/\(file)") }
        rmdir(directory)
    }

    /// Removes what a supervisor that was killed left of incarnations that are gone.
    func removeAll(but used: Set<String>) {
        for name in (try? Directory.names(at: path)) ?? [] where !used.contains(name) { remove(name) }
    }
}

/// A credential that can't be handed on.
enum CredentialError: Error, CustomStringConvertible {
    /// The supervisor has none at all.
    case none(String)
    /// The supervisor has others.
    case missing(String)
    /// It is there, and can't be read.
    case unreadable(String, RegularFileError)

    var description: String {
        switch self {
        case .none(let name):
            "the credential \"\(name)\" is wanted, and systemd gave Cadre none; \(Self.remedy(name))"
        case .missing(let name):
            "the credential \"\(name)\" is not among those that systemd gave Cadre; \(Self.remedy(name))"
        case .unreadable(let name, let error):
            switch error {
            case .system(let error): "the credential \"\(name)\" can't be read: \(error)"
            case .notRegular: "the credential \"\(name)\" is no regular file"
            case .tooLarge: "the credential \"\(name)\" is larger than 1 MiB"
            }
        }
    }

    private static func remedy(_ name: String) -> String {
        "add LoadCredential=\(name):/path/to/it to its unit (systemctl edit cadre) and restart that"
    }
}
