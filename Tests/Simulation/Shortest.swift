/// Looks for the shortest part of a history that is enough for something: delta debugging (A. Zeller, R. Hildebrandt,
/// "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 2002), by leaving out ever smaller parts of it.
package func shortest<Event>(_ history: [Event], isEnough: ([Event]) throws -> Bool) rethrows -> [Event] {
    var history = history
    var size = max(1, history.count / 2)
    while true {
        var start = 0
        var isShorter = false
        while start < history.count {
            var candidate = history
            candidate.removeSubrange(start..<min(start + size, candidate.count))
            if try isEnough(candidate) {
                history = candidate
                isShorter = true
            } else {
                start += size
            }
        }
        if size == 1, !isShorter { return history }
        size = max(1, size / 2)
    }
}
