import Testing

extension Trait where Self == TimeLimitTrait {
    /// What hangs is to be found. That other rooms' tests hold the threads on which a test goes on is no hanging, and may take
    /// minutes on a machine with few.
    static var bounded: Self { .timeLimit(.minutes(60)) }
}

extension Duration {
    /// A time-out that no test reaches, as minutes may pass between two lines of one for the same reason.
    static var ample: Self { .seconds(3600) }
}
