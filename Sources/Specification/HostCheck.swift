public import Processes

/// What of a specification is to be compared with the machine that it is read on.
public struct HostCheck: Sendable {
    /// Whether users and groups must be known there.
    public var looksUpAccounts = false
    /// Whether working directories must be there, and such that the service's user can enter them.
    public var looksAtDirectories = false
    /// What the supervisor may do itself; nil if that isn't known.
    public var capabilities: CapabilitySet?
    /// Whether credentials must be among those that systemd gave to this process, which is the supervisor.
    public var looksAtCredentials = false

    /// A check of nothing.
    public init() {}
}
