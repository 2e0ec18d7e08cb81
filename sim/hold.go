package sim

// Hold makes a bare event queue with a number of events pending and returns a
// function that takes the first one and puts it back later, that many times: the
// hold model. It is a yardstick: what a machine makes of the queue alone does not
// depend on what else is built, so that speeds can be told in terms of it.
//
// Source: Jones, An Empirical Comparison of Priority-Queue and Event-Set
// Implementations, CACM 29 (1986).
func Hold(pending int) (turn func(times int)) {
	const mean = 1e6 // ns
	var later [1 << 12]Time
	state := uint64(1)
	for i := range later {
		state = state*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
		later[i] = Time(state>>33%(2*mean)) + 1
	}
	var q queue
	for i := range pending {
		q.push(later[i%len(later)], event(i))
	}
	i := 0
	return func(times int) {
		for range times {
			e, _ := q.pop(never)
			q.push(e.at+later[i%len(later)], e.what)
			i++
		}
	}
}
