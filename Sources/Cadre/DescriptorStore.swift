import CLinux
import Reactor

/// The descriptors that must outlive the supervisor: listening sockets, and what workers have left with it.
///
/// Each has a name that tells a later supervisor all it must know of it, so that one that is given these descriptors by
/// name goes on with them:
///
/// | name | what it is |
/// |---|---|
/// | `socket.web.*.stream.%3A8080` | the socket that the workers of `web` share on `:8080` |
/// | `socket.web.3.stream.%3A8080` | the one of its own that `web/3` has |
/// | `store.web.0.12.NAME` | the 12th that `web/0` stored, as NAME; `12-` for one with `FDPOLL=0` |
/// | `systemd.1.NAME` | the second that systemd passed, as NAME |
///
/// A name has printable ASCII characters and no colon, so that it may stand in `LISTEN_FDNAMES`.
final class DescriptorStore {
    /// What happens to the contents.
    enum Change: Equatable {
        /// A descriptor was put here under a name.
        case added(String, Int32)
        /// The descriptor of this name was closed here.
        case removed(String)
    }

    /// Is told of each change, after it; for who keeps a copy of everything elsewhere.
    var observer: ((Change) -> Void)?
    /// Whether another supervisor goes on with all this, so that files of sockets are left in place at the end.
    var isHandedOver = false

    private var descriptors: [String: Shared<Descriptor>] = [:]

    /// A store with what was handed in, which nobody else may close from now on.
    init(_ inherited: [HandedDescriptor] = []) {
        for item in inherited { descriptors[item.name] = Shared(Descriptor(owning: item.number)) }
    }

    /// All descriptors by name, sorted by name.
    var entries: [(name: String, descriptor: Int32)] {
        descriptors.map { ($0.key, $0.value.value.rawValue) }.sorted { $0.0 < $1.0 }
    }

    /// The names that begin with `prefix`, sorted.
    func names(_ prefix: String) -> [String] { descriptors.keys.filter { $0.hasPrefix(prefix) }.sorted() }

    /// The descriptor of a name; setting it closes what was there, unless somebody else holds that as well.
    subscript(name: String) -> Shared<Descriptor>? {
        get { descriptors[name] }
        set {
            let wasThere = descriptors[name] != nil
            descriptors[name] = newValue
            if let newValue {
                observer?(.added(name, newValue.value.rawValue))
            } else if wasThere {
                observer?(.removed(name))
            }
        }
    }
}

/// A descriptor that somebody handed to this process, and its name in a supervisor's store of descriptors.
public struct HandedDescriptor: Hashable, Sendable {
    /// What it is: `systemd.0.http` for the first one that systemd passed, under the name `http`.
    public var name: String
    /// Its number.
    public var number: Int32

    /// A descriptor, which is the supervisor's to close from then on.
    public init(name: String, number: Int32) {
        self.name = name
        self.number = number
    }
}
