public import Reactor

/// `cgroup.events`: the state of a cgroup, whose file the kernel reports as modified when it changes.
public struct CgroupEvents: Hashable, Sendable {
    /// Whether processes live in it or below.
    public var populated: Bool
    /// Whether it is frozen.
    public var frozen: Bool

    /// A state that is known.
    public init(populated: Bool, frozen: Bool) {
        self.populated = populated
        self.frozen = frozen
    }

    /// Reads the text of `cgroup.events`; what is missing counts as false.
    public init(parsing text: Span<UInt8>) {
        var place = 0
        populated = text.value(of: "populated", &place) == 1
        frozen = text.value(of: "frozen", &place) == 1
    }
}

extension ControlGroup {
    /// The present state. ENOENT for the root of the hierarchy, which has none, and for a cgroup that is gone.
    public func events() throws(SystemCallError) -> CgroupEvents {
        try withBytes(of: "cgroup.events") { CgroupEvents(parsing: $0) }
    }
}
