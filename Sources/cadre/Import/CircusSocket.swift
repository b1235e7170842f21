/// A socket of Circus'.
struct CircusSocket {
    private(set) var keys: [(String, TOMLText.Value)] = []
    private(set) var remarks: [ImportRemark] = []
    let origin: ImportOrigin
    private let section: INIDocument.Section
    private let name: String

    /// - Parameter expansion: what stands for something in its values.
    init(_ section: INIDocument.Section, _ expansion: CircusExpansion) {
        var section = section
        for index in section.entries.indices {
            let value = expansion.expand(section.entries[index].value)
            // What nobody knows here stays as it is written, and says so as an address that is none.
            if !ImportedText.hasVariables(value) { section.entries[index].value = value }
        }
        self.section = section
        name = section.name.dropFirst(7).lowercased()
        origin = ImportOrigin(section.place, section.name)
    }

    /// Makes keys of ours of its entries.
    mutating func importEntries() {
        let path = section["path"]?.value
        keys = [("name", .string(name))]
        if let path {
            keys.append(("listen", .string("unix:\(path)")))
        } else {
            let host = section["host"]?.value ?? "localhost"
            keys.append(
                ("listen", .string("\(host.contains(":") ? "[\(host)]" : host):\(section["port"]?.value ?? "8080")")))
        }
        for entry in section.entries { importEntry(entry, isUnix: path != nil) }
        // Circus' sockets don't block unless they are told to.
        let isBlocking = section["blocking"].flatMap { CircusKeys.boolean($0.value) } == true
        if !isBlocking { keys.append(("non_blocking", .boolean(true))) }
    }

    private mutating func importEntry(_ entry: INIDocument.Entry, isUnix: Bool) {
        func drop(_ message: String) {
            remarks.append(ImportRemark(.dropped, entry.place, "\(section.name).\(entry.key)", message))
        }
        switch entry.key {
        case "host", "port", "path", "family", "blocking": break
        case "type":
            switch entry.value.uppercased() {
            case "SOCK_STREAM": break
            case "SOCK_DGRAM": keys.append(("type", .string("datagram")))
            case "SOCK_SEQPACKET": keys.append(("type", .string("seqpacket")))
            default: drop("there are stream, datagram and seqpacket sockets only")
            }
        case "backlog":
            guard let backlog = Int(entry.value) else { return drop("it is no number") }
            keys.append(("backlog", .integer(backlog)))
        case "so_reuseport":
            if !isUnix, CircusKeys.boolean(entry.value) == true { keys.append(("reuse_port", .boolean(true))) }
        case "umask":
            // Circus takes it for a decimal number.
            guard isUnix, let mask = Int(entry.value), (0...0o777).contains(mask) else {
                return drop("only the file of a unix socket has permissions; set mode")
            }
            let mode = String(0o777 & ~mask, radix: 8)
            keys.append(("mode", .string(String(repeating: "0", count: 4 - mode.count) + mode)))
        // A socket that an earlier supervisor left behind is replaced anyway.
        case "replace": break
        case "interface": drop("a socket can't be bound to an interface; name its address in listen")
        case "proto": drop("the protocol follows from the type of the socket")
        default: drop("this is no key that Circus' documentation has")
        }
    }
}
