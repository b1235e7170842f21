import CLinux
import Reactor
import SystemPackage

/// Starts processes that have walls: what is executed first is the stage, which puts up the walls and then executes the
/// program. Whoever waits for that waits as for any other spawn, on a pipe that closes when the program is executed.
enum StagedSpawn {
    /// How long the stage may take. Only a file system that doesn't answer keeps it for longer than some milliseconds.
    private static let patience: Int32 = 30_000

    /// - Parameter call: what the process would be started with if it had no walls.
    static func spawn(
        _ request: SpawnRequest, _ walls: Walls, _ call: cadre_spawn, candidates: [String]
    ) throws(SpawnError) -> Child {
        let file = try prepare(request, walls, call, candidates)
        var ends: [Int32] = [-1, -1]
        guard cadre_pipe(&ends) == 0 else {
            throw SpawnError(step: .stage, errno: Errno(rawValue: cadre_errno()), object: "(pipe2)", remedy: "")
        }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        let child = try start(request, walls, file, writing)
        // From here on the process alone has it.
        discard(writing)
        let report: cadre_stage_plan
        do throws(SystemCallError) {
            var polled = pollfd(fd: reading.rawValue, events: Int16(POLLIN), revents: 0)
            guard try systemCall("poll", "", { poll(&polled, 1, patience) }) > 0 else {
                throw SystemCallError(call: "poll", errno: .timedOut)
            }
            report = try StageImage.report(in: file)
        } catch {
            end(child)
            throw SpawnError(
                step: .stage, errno: error.errno, object: walls.stage,
                remedy:
                    "it was killed after \(patience / 1000) s; a file system of the sandbox's paths may be out of reach"
            )
        }
        if report.failed_step == CADRE_STAGE_DONE.rawValue { return child }
        end(child)
        throw SpawnError(of: report, call, request, walls, candidates: candidates)
    }

    /// What the stage is told, in a file in memory.
    private static func prepare(
        _ request: SpawnRequest, _ walls: Walls, _ call: cadre_spawn, _ candidates: [String]
    ) throws(SpawnError) -> Descriptor {
        do throws(SystemCallError) {
            // Who wants none of it needs no version.
            let version = walls.landlock == nil ? 0 : try LandlockRules.version()
            return try StageImage(
                request, walls, candidates: candidates, privileges: call.privileges, landlock: version
            ).file()
        } catch {
            throw SpawnError(step: .stage, errno: error.errno, object: "(\(error.call))", remedy: "")
        }
    }

    /// Executes the stage; what the process is to be, but for its privileges, it is from then on.
    private static func start(
        _ request: SpawnRequest, _ walls: Walls, _ file: borrowing Descriptor, _ pipe: borrowing Descriptor
    ) throws(SpawnError) -> Child {
        var request = request
        request.walls = nil
        request.arguments = ["cadre-stage", "\(request.descriptors.count)"]
        request.program = walls.stage
        // Nothing that is meant for the worker, such as LD_PRELOAD, concerns the stage.
        request.environment = []
        request.listenPID = false
        request.workingDirectory = "/"
        request.descriptors += [file.rawValue, pipe.rawValue]
        do throws(SpawnError) {
            return try spawnDirectly(request, keepingPrivileges: true)
        } catch {
            guard error.step == .exec else { throw error }
            throw SpawnError(
                step: .stage, errno: error.errno, object: walls.stage,
                remedy: "it belongs to Cadre's installation and is what builds sandboxes; install it (make install)")
        }
    }

    /// Kills and reaps a process that nobody knows of yet.
    private static func end(_ child: consuming Child) {
        Pidfd.end(child.takePidfd(), within: .seconds(1))
    }
}

/// Closes a descriptor.
private func discard(_ descriptor: consuming Descriptor) {}

extension SpawnError {
    /// What the stage reports, put in words.
    fileprivate init(
        of report: cadre_stage_plan, _ call: cadre_spawn, _ request: SpawnRequest, _ walls: Walls, candidates: [String]
    ) {
        let errno = Errno(rawValue: report.error)
        let index = Int(report.failed_index)
        switch cadre_stage_step(report.failed_step) {
        case CADRE_STAGE_NETWORK:
            self.init(step: .network, errno: errno, object: "", remedy: Self.namespaceRemedy(errno))
        case CADRE_STAGE_NAMESPACE:
            self.init(step: .mountNamespace, errno: errno, object: "", remedy: Self.namespaceRemedy(errno))
        case CADRE_STAGE_MOUNT:
            self.init(
                step: .mount, errno: errno, object: walls.mounts[index].path, remedy: Self.mountRemedy(errno))
        case CADRE_STAGE_LANDLOCK_RULE:
            let path = walls.landlock?.paths?[index].path ?? ""
            let remedy = errno == .noSuchFileOrDirectory ? "write \"-\(path)\" if it may be missing" : ""
            self.init(step: .landlockRule, errno: errno, object: path, remedy: remedy)
        case CADRE_STAGE_LANDLOCK:
            self.init(step: .landlock, errno: errno, object: "", remedy: "")
        case CADRE_STAGE_FILTER:
            self.init(
                step: .systemCallFilter, errno: errno, object: "",
                remedy: errno == .invalidArgument ? "the kernel was built without seccomp filters" : "")
        case CADRE_STAGE_PLAN:
            self.init(
                step: .stage, errno: errno, object: walls.stage,
                remedy: errno == .execFormatError
                    ? "it is of another version of Cadre; finish the update with cadre upgrade" : "")
        case CADRE_STAGE_PRIVILEGES:
            self.init(CADRE_SPAWN_PRIVILEGES, report, call, request, candidates)
        case CADRE_STAGE_DIRECTORY:
            self.init(CADRE_SPAWN_DIRECTORY, report, call, request, candidates)
            explain(walls)
        default:
            self.init(CADRE_SPAWN_EXEC, report, call, request, candidates)
            explain(walls)
        }
    }

    /// A step that is the same without a stage.
    private init(
        _ step: cadre_spawn_step, _ report: cadre_stage_plan, _ call: cadre_spawn, _ request: SpawnRequest,
        _ candidates: [String]
    ) {
        var call = call
        call.failed_step = step
        call.failed_privilege = cadre_privileges_step(report.failed_privilege)
        call.error = report.error
        call.failed_index = Int(report.failed_index)
        self.init(of: call, request, candidates: candidates)
    }

    /// What isn't to be had may be behind a wall.
    private mutating func explain(_ walls: Walls) {
        switch errno {
        case .permissionDenied where walls.landlock?.paths != nil:
            remedy =
                "if the file permissions allow it, Landlock doesn't: a program needs its own directory, and those of its "
                + "interpreter and its libraries, in landlock.execute"
        case .noSuchFileOrDirectory where !walls.mounts.isEmpty, .permissionDenied where !walls.mounts.isEmpty:
            remedy =
                "if it is there outside of the sandbox, a wall hides it (private_tmp, protect_home, inaccessible_paths)"
        default: break
        }
    }

    private static func namespaceRemedy(_ errno: Errno) -> String {
        errno == .notPermitted ? Capability.systemAdministration.remedy : ""
    }

    private static func mountRemedy(_ errno: Errno) -> String {
        switch errno {
        case .noSuchFileOrDirectory: "write a \"-\" before the path if it may be missing"
        case .notPermitted: Capability.systemAdministration.remedy
        case .readOnlyFileSystem: "it lies in a directory that can't be written to, where no place can be made for it"
        default: ""
        }
    }
}
