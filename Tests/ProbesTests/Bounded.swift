import Testing

extension Trait where Self == TimeLimitTrait {
    /// What hangs is to be found. That other rooms' tests hold the threads on which a test goes on is no hanging, and may take
    /// minutes on a machine with few.
    static var bounded: Self { .timeLimit(.minutes(15)) }
}
