package run

// CollectorPercent is the garbage collector's target (GOGC, see
// debug.SetGCPercent) for programs that play simulations. A world is small and
// soon over, so that collecting as often as Go does by default mostly walks what
// is still in use: with 400 a run costs up to a tenth less, and more with many
// partitions, for two to three times a world's few dozen MB.
const CollectorPercent = 400
