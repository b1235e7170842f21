import Probes
import Reactor

/// The prober, whose thread starts with the first probe: most supervisors need none.
final class LazyProber {
    private var prober: Prober?

    func get() throws(SystemCallError) -> Prober {
        if let prober { return prober }
        let made = try Prober()
        prober = made
        return made
    }
}
