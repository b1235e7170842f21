public import Specification

extension ControlServer {
    /// Where a server listens, and who may do what.
    public struct Configuration: Hashable, Sendable {
        /// The path of the unix socket.
        public var path: String
        /// Who may use it, and a TCP address for clients elsewhere.
        public var control: ControlSpecification
        /// A loopback address where anybody on this host may read metrics and health.
        public var metrics: MetricsSpecification

        /// A server on a unix socket, and what else a specification says.
        public init(
            path: String, control: ControlSpecification = ControlSpecification(),
            metrics: MetricsSpecification = MetricsSpecification()
        ) {
            self.path = path
            self.control = control
            self.metrics = metrics
        }
    }
}
