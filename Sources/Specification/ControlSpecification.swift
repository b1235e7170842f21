/// Who may use the API, and where it is served beside the control socket.
public struct ControlSpecification: Hashable, Sendable, Codable {
    /// The group, by name or number, whose members may do everything; nil if only root and the supervisor's own user may.
    public var group: String?
    /// The group, by name or number, whose members may look but change nothing.
    public var readOnlyGroup: String?
    /// Who may change some services only, and may look at everything; sorted by who it is.
    public var allow: [ControlGrant]
    /// The TCP address that the API is served on; nil if it is served on the control socket alone.
    public var listen: SocketAddress?
    /// The absolute path of a file with the token that authorises the use of ``listen``.
    public var tokenFile: String?
    /// How ``listen`` is encrypted; nil if it isn't.
    public var tls: TLSSpecification?

    /// Access; what is left out is as documented for the configuration file. Nothing is validated here.
    public init(
        group: String? = nil, readOnlyGroup: String? = nil, allow: [ControlGrant] = [],
        listen: SocketAddress? = nil, tokenFile: String? = nil, tls: TLSSpecification? = nil
    ) {
        self.group = group
        self.readOnlyGroup = readOnlyGroup
        self.allow = allow
        self.listen = listen
        self.tokenFile = tokenFile
        self.tls = tls
    }
}
