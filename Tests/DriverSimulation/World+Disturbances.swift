import Cadre
import Glibc
import Simulation

/// What operators and fate do.
extension DriverWorld {
    func happen(_ disturbance: DriverDisturbance) {
        switch disturbance {
        case .misbehaviour(let service): doesWrong.insert(service)
        case .command(let command, let worker): ask(.command(command, worker))
        case .apply(let service): ask(.apply(service))
        case .scale(let name, let count): ask(.scale(name, count))
        case .remove(let service): ask(.remove(service))
        case .upgrade:
            conductor.command("upgrade") { supervisor in
                _ = try supervisor.upgrade(to: Kernel.program)
                supervisor.depart()
            }
        case .death(let calls, let isLastMade): (kernel.callsLeft, kernel.isLastCallMade) = (calls, isLastMade)
        case .failure(let failure, let time): fail(failure, for: time)
        case .massacre(let name): kill(allOf: name)
        case .flapping(let service, let time):
            kernel.note("for \(time) s what is executed for \(service) crashes at once")
            flapsUntil[service] = max(flapsUntil[service] ?? 0, kernel.now + Int64(time * 1e9))
        case .clock(let time):
            kernel.note("somebody sets the clock")
            kernel.wallOffset += Int64(time * 1e9)
        }
    }

    private func fail(_ failure: DriverDisturbance.Failure, for seconds: Double) {
        switch failure {
        case .spawn(let code): kernel.faults.spawn = code
        case .journal: kernel.faults.journal = ENOSPC
        case .descriptors(let share): kernel.faults.descriptors = share
        case .oneDescriptor(let count): kernel.faults.nextDescriptor = count
        case .directories(let share): kernel.faults.directories = share
        case .messages(let share): kernel.faults.messages = share
        case .watches: kernel.faults.watches = true
        }
        kernel.note("for \(seconds) s: \(kernel.faults)")
        kernel.after(seconds) {
            kernel.note("no more faults")
            kernel.faults = Faults()
            // A minute later it is all written.
            kernel.after(60) { kernel.hadFullDisk = kernel.faults.journal != nil }
        }
    }

    private func kill(allOf name: String) {
        kernel.note("all of \(name) is killed")
        for process in kernel.processes.values.sorted(by: { $0.pid < $1.pid })
        where process.group.parent?.name == name {
            kernel.send(SIGKILL, to: process, fromSupervisor: false)
        }
    }
}
