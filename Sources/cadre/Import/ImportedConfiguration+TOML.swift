/// The configuration as a file of Cadre's.
extension ImportedConfiguration {
    /// The text, with every remark beside what it is about.
    func toml() -> String {
        var text = TOMLText()
        text.comment("Made by `cadre import` from \(ImportSource.baseName(of: file)) (\(format.title)).")
        for hint in hints { text.comment(hint) }
        for remark in sorted(remarks) { write(remark, to: &text) }
        for service in services.sorted(by: { $0.name < $1.name }) { write(service, to: &text) }
        return text.text
    }

    private func write(_ service: ImportedService, to text: inout TOMLText) {
        text.blank()
        if let title = service.title { text.comment(title) }
        let tables = Set(service.settings.filter { $0.path.count > 1 }.map { $0.path[0] })
        func remarks(of table: String?) {
            let concerned = service.remarks.filter { place, _ in
                (place.flatMap { tables.contains($0) ? $0 : nil }) == table
            }
            for remark in sorted(concerned.map(\.remark)) { write(remark, to: &text) }
        }
        text.header(["service", service.name])
        remarks(of: nil)
        for setting in ordered(service.settings.filter { $0.path.count == 1 }) {
            text.assignment(setting.path[0], setting.value)
        }
        for table in tables.sorted(by: { position(of: $0) < position(of: $1) }) where table != "socket" {
            text.blank()
            text.header(["service", service.name, table])
            remarks(of: table)
            for setting in service.settings where setting.path.count == 2 && setting.path[0] == table {
                text.assignment(setting.path[1], setting.value)
            }
        }
        for index in 0..<service.socketCount {
            let keys = service.settings.filter { $0.path.count == 3 && $0.path[1] == "\(index)" }
            if keys.isEmpty { continue }
            text.blank()
            text.header(["service", service.name, "socket"], isElement: true)
            if index == 0 { remarks(of: "socket") }
            for setting in keys { text.assignment(setting.path[2], setting.value) }
        }
    }

    private func write(_ remark: ImportRemark, to text: inout TOMLText) {
        let directory = file.dropLast(ImportSource.baseName(of: file).count)
        text.comment("- " + remark.description(inDirectory: String(directory)), indentation: 2)
    }

    /// In the order of the reference.
    private func ordered(_ settings: [ImportedSetting]) -> [ImportedSetting] {
        settings.sorted { position(of: $0.path[0]) < position(of: $1.path[0]) }
    }

    private func position(of key: String) -> Int { Self.order.firstIndex(of: key) ?? Self.order.count }

    /// The keys and tables of a service, in the order of the reference.
    private static let order = [
        "command", "workers", "type", "after", "requires", "essential", "directory", "environment_file", "user",
        "group",
        "supplementary_groups", "umask", "capabilities", "no_new_privileges", "credentials", "nice", "oom_score_adj",
        "cpu_affinity", "cpu_scheduling_policy", "cpu_scheduling_priority", "io_scheduling_class",
        "io_scheduling_priority", "watchdog", "max_age", "max_age_jitter", "healthy_percentage", "fd_store_max",
        "on_demand", "idle_timeout", "introspect", "environment", "ready", "health", "limits", "rlimits", "restart",
        "rollout", "stop", "port", "sandbox", "log",
    ]
}
