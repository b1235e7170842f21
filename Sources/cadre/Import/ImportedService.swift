/// A key of Cadre's configuration with its value, and what it was made of.
struct ImportedSetting: Sendable {
    /// The key below the service's table: `["restart", "policy"]`; the index of a socket is `["socket", "0", "listen"]`.
    let path: [String]
    let value: TOMLText.Value
    let origin: ImportOrigin

    /// The path as messages have it: `restart.policy`, `socket[0].listen`.
    var name: String {
        if path.count == 3 { return "\(path[0])[\(path[1])].\(path[2])" }
        return path.map(TOMLText.key).joined(separator: ".")
    }
}

/// A key of the file that is imported.
struct ImportOrigin: Hashable, Sendable {
    let place: ImportPlace
    /// The key as it is called there, with its section.
    let key: String

    init(_ place: ImportPlace, _ key: String) {
        self.place = place
        self.key = key
    }
}

/// A service as far as it could be imported.
struct ImportedService: Sendable {
    var name: String
    /// What it is called where it comes from.
    let origin: ImportOrigin
    /// What its author says that it is.
    var title: String?
    private(set) var settings: [ImportedSetting] = []
    /// The remarks about it, each with the table that it is written in.
    private(set) var remarks: [(table: String?, remark: ImportRemark)] = []
    /// Its place in the order of starts: services with less start first; nil if it has none.
    var rank: [Int]?
    var socketCount = 0

    init(name: String, origin: ImportOrigin) {
        self.name = name
        self.origin = origin
    }

    /// Sets a key, such as `restart.policy`, in place of what was set before.
    mutating func set(_ path: String, _ value: TOMLText.Value, _ origin: ImportOrigin? = nil) {
        set(path.split(separator: ".").map(String.init), value, origin)
    }

    /// Sets a key by the parts of its path.
    mutating func set(_ path: [String], _ value: TOMLText.Value, _ origin: ImportOrigin? = nil) {
        let setting = ImportedSetting(path: path, value: value, origin: origin ?? self.origin)
        if value.hasVariables {
            return drop(
                setting.origin, "\(setting.name) can't have variables of the environment in it; write their values")
        }
        if let index = settings.firstIndex(where: { $0.path == path }) {
            settings[index] = setting
        } else {
            settings.append(setting)
        }
    }

    /// The value of a key; nil if it isn't set.
    func value(_ path: String) -> TOMLText.Value? {
        settings.first { $0.path.joined(separator: ".") == path }?.value
    }

    /// Takes away the settings that `isRefused` says.
    mutating func removeSettings(where isRefused: (ImportedSetting) -> Bool) {
        settings.removeAll(where: isRefused)
    }

    /// Adds a socket, and returns the descriptor that it will be.
    @discardableResult
    mutating func addSocket(_ keys: [(String, TOMLText.Value)], _ origin: ImportOrigin) -> Int {
        for (key, value) in keys { set(["socket", "\(socketCount)", key], value, origin) }
        socketCount += 1
        return 2 + socketCount
    }

    /// Says that a key was not carried over, why, and what to do instead.
    mutating func drop(_ origin: ImportOrigin, _ message: String, in table: String? = nil) {
        remark(ImportRemark(.dropped, origin.place, origin.key, message), in: table)
    }

    /// Says that a key means something else now.
    mutating func change(_ origin: ImportOrigin, _ message: String, in table: String? = nil) {
        remark(ImportRemark(.changed, origin.place, origin.key, message), in: table)
    }

    mutating func remark(_ remark: ImportRemark, in table: String? = nil) {
        if !remarks.contains(where: { $0.remark == remark }) { remarks.append((table, remark)) }
    }

    /// That what runs has an end before its successor begins, as wherever else but here. What listens by itself needs it.
    mutating func stopsFirst() {
        set("rollout.max_surge", .integer(0))
        set("rollout.max_unavailable", .integer(1))
    }
}
