// Runs a supervisor whose workers end all the time, surveys it without a pause, and says which counter goes back or is
// missing.
//
// Usage: Surveyor CGROUP RUNTIME-DIRECTORY RESTARTS
//
// It ends after that many restarts, with exit code 1 if a counter went back or was missing.

import Cadre
import Glibc
import Logging
import Reactor
import Specification
import Supervision

let arguments = CommandLine.arguments
guard arguments.count == 4, let wanted = Int(arguments[3]) else { exit(64) }

// Each incarnation works long enough that it is missed if it is not counted.
var mortal = ServiceSpecification(
    name: "mortal", command: ["/bin/sh", "-c", "i=0; while [ $i -lt 8000 ]; do i=$((i+1)); done; exit 1"])
mortal.workers = .count(4)
mortal.policy.restart = RestartPolicy(delay: .milliseconds(1), maximumDelay: .milliseconds(1), budget: .max)
var stubborn = mortal
stubborn.name = "stubborn"
stubborn.command = ["/bin/sh", "-c", "trap '' TERM; while :; do :; done"]
stubborn.workers = .count(1)
stubborn.policy.stopTimeout = .milliseconds(5)

var logger = Logger(label: "surveyor")
logger.logLevel = .critical
let supervisor = try Supervisor(
    Specification(services: [mortal, stubborn]),
    options: Options(root: .directory(arguments[1]), runtimeDirectory: arguments[2]), logger: logger)

/// All that must never get less.
@Sendable func counters(of survey: Survey) -> [String: UInt64] {
    var counters: [String: UInt64] = [:]
    func note(_ name: String, _ usage: Usage) {
        counters["\(name) cpu"] = usage.cpuMicroseconds
        counters["\(name) user"] = usage.userMicroseconds
        counters["\(name) system"] = usage.systemMicroseconds
        counters["\(name) cpu pressure"] = usage.cpuPressure.someMicroseconds
        counters["\(name) memory pressure"] = usage.memoryPressure.someMicroseconds
        counters["\(name) io pressure"] = usage.ioPressure.someMicroseconds
    }
    for service in survey.state.services {
        if let statistics = survey.services[service.name] { note(service.name, Usage(statistics)) }
        for (reason, count) in service.counters.restarts { counters["\(service.name) \(reason)"] = UInt64(count) }
        counters["\(service.name) kills"] = UInt64(service.counters.kills)
        counters["\(service.name) stops"] = service.counters.stopTimes.count
        for worker in service.workers {
            if survey.isComplete(worker) {
                note("\(worker.id)", survey.usage(of: worker))
            } else {
                counters["\(worker.id) is incomplete"] = 1
            }
            for (reason, count) in worker.restarts { counters["\(worker.id) \(reason)"] = UInt64(count) }
            counters["\(worker.id) kills"] = UInt64(worker.kills)
        }
    }
    return counters
}

/// Surveys until there were enough restarts; returns whether all counters were there and none went back.
@Sendable func watch() async throws -> Bool {
    var earlier: [String: UInt64] = [:]
    var isGood = true
    var surveys = 0
    while earlier["mortal exit"] ?? 0 < UInt64(wanted) {
        let survey = await supervisor.survey()
        surveys += 1
        for (name, value) in counters(of: survey) {
            if name.hasSuffix("is incomplete") {
                print(name)
                isGood = false
            }
            if let before = earlier[name], value < before {
                print("\(name) went back from \(before) to \(value)")
                isGood = false
            }
            earlier[name] = value
        }
        if surveys % 50 == 0, (earlier["mortal exit"] ?? 0) > 0 {
            try await supervisor.command(.restart, on: [WorkerID(service: "stubborn", number: 0)])
        }
    }
    print("\(surveys) surveys, \(earlier["stubborn kills"] ?? 0) kills")
    return isGood
}

let running = Task { try await supervisor.run() }
let reactor = try Reactor(name: "surveyor")
let watching = Task(executorPreference: reactor) { try await watch() }
let isGood = try await watching.value
await supervisor.stop()
try await running.value
exit(isGood ? 0 : 1)
