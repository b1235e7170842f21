extension ServiceSpecification {
    /// Twelve hexadecimal digits that tell one version of a worker from another: they differ where a worker has to be
    /// replaced to get from one specification to the other, and depend on nothing else.
    ///
    /// The FNV-1a hash of all such settings (draft-eastlake-fnv). It tells versions apart and keeps nothing secret.
    public var digest: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (key, setting) in settings.sorted(by: { $0.key < $1.key }) where setting.effect == .replace {
            for byte in "\(key)=\(setting.text)\n".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        let digits = String(hash >> 16, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }
}
