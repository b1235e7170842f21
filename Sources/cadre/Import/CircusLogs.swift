/// Where a watcher's output went, and goes to.
struct CircusLogs {
    private var values: [String: (text: String, origin: ImportOrigin)] = [:]
    private var order: [String] = []

    /// Notes a key about output, such as `stdout_stream.filename`.
    mutating func set(_ key: String, _ text: String, _ origin: ImportOrigin) {
        values[key] = (text, origin)
        order.append(key)
    }

    /// Sets what becomes of it. A file that Circus rotated would grow without an end, so the journal takes its place; one
    /// that it did not rotate stays.
    func write(to service: inout ImportedService) {
        var chosen: String?
        for stream in ["stdout_stream", "stderr_stream"] {
            if let file = writeStream(stream, to: &service, beside: chosen) { chosen = file }
        }
        if chosen != nil { service.removeSettings { $0.path == ["log", "to"] } }
        let closed = ["close_child_stdout", "close_child_stderr"].compactMap { values[$0] }.filter {
            CircusKeys.boolean($0.text) == true
        }
        if closed.count == 2, chosen == nil {
            service.set("log.to", .string("none"), closed[0].origin)
        } else if let one = closed.first {
            service.drop(one.origin, "standard output and standard error go to the same place here", in: "log")
        }
    }

    /// Sets what becomes of one stream; returns the file that it goes to.
    private func writeStream(_ stream: String, to service: inout ImportedService, beside chosen: String?) -> String? {
        let keys = order.filter { $0.hasPrefix("\(stream).") }
        guard let first = keys.first, let origin = values[first]?.origin else { return nil }
        func value(_ key: String) -> (text: String, origin: ImportOrigin)? { values["\(stream).\(key)"] }
        let kind = value("class")?.text.split(separator: ".").last.map(String.init) ?? "FileStream"
        let place = value("class")?.origin ?? origin
        var file: String?
        var used: Set<String> = ["class"]
        switch kind {
        case "FileStream", "WatchedFileStream", "TimedRotatingFileStream":
            used.insert("filename")
            let limit = value("max_bytes")
            guard let name = value("filename") else {
                service.drop(
                    place, "the stream has no file, so Circus made one of any name; the journal has the output",
                    in: "log")
                break
            }
            let isRotated =
                kind == "TimedRotatingFileStream" || kind == "FileStream" && limit.map { $0.text != "0" } ?? false
            if isRotated {
                used.formUnion(["max_bytes", "backup_count", "rotate_when", "rotate_interval", "utc"])
                service.drop(
                    name.origin,
                    "Circus rotated \(name.text), and Cadre rotates nothing, so the journal has the output "
                        + "(`cadre logs \(service.name)`); or set file = \(TOMLText.literal(.string(name.text))) in "
                        + "[service.\(service.name).log], and have logrotate rotate it with copytruncate", in: "log")
            } else if let chosen, chosen != name.text {
                service.drop(
                    name.origin, "both streams go to \(chosen) here, as there is one place for both", in: "log")
            } else {
                if limit != nil { used.insert("max_bytes") }
                file = name.text
                service.set("log.file", .string(name.text), name.origin)
                if kind == "WatchedFileStream" {
                    service.change(
                        place,
                        "a file that is moved away is not opened anew; have logrotate rotate it with copytruncate",
                        in: "log")
                }
            }
        case "StdoutStream", "FancyStdoutStream": service.set("log.to", .string("terminal"), place)
        default:
            service.drop(place, "there are no streams of other classes; the journal has the output", in: "log")
            used.formUnion(keys.map { String($0.dropFirst(stream.count + 1)) })
        }
        for key in keys where !used.contains(String(key.dropFirst(stream.count + 1))) {
            guard let (_, origin) = values[key] else { continue }
            let what =
                key.hasSuffix("time_format") || key.hasSuffix("color") ? "output is not changed" : "nothing is rotated"
            service.drop(origin, "\(what); the journal knows when each line was printed", in: "log")
        }
        return file
    }
}
