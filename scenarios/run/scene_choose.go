package run

import (
	"cmp"
	"slices"

	"assay/scenarios/result"
)

// maxEvents is about how much one picture can tell.
const maxEvents = 60

// sighting is a message or a mark that a scene may show.
type sighting struct {
	weight  int   // how much it explains, of 100
	at      int64 // nanoseconds since the run's start; a message's sending
	message *result.Message
	mark    *result.Mark
	alike   string // what a message shares with others that it may be told together with; "" is its words
}

// Weights that divide what is found.
const (
	weightOperation = 100 // the witness's own operations: always there
	weightTurn      = 70  // from here on a sighting changes the story: nothing is collapsed across it
	weightIdle      = 40  // below it a sighting only fills the picture
	afterwards      = 60  // how much less counts what comes when the damage is done
)

// span is the part of a run that a scene is about.
type span struct {
	from, to int64
	done     int64 // when the damage was done; what follows only shows it
}

// choose takes what explains most, at most limit sightings in order of time, and
// counts what it leaves out: what lies outside of the span, what only fills the
// picture, and then the least important, the later first.
func choose(all []sighting, within span, limit int) (chosen []sighting, left int) {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b sighting) int { return cmp.Compare(a.at, b.at) })
	for _, s := range sorted {
		if s.weight < weightOperation && s.at > within.done {
			s.weight -= afterwards
		}
		if s.at < within.from || s.at > within.to || s.weight < weightIdle {
			left++
			continue
		}
		chosen = append(chosen, s)
	}
	chosen = collapse(join(chosen))
	byWeight := slices.Clone(chosen)
	slices.SortStableFunc(byWeight, func(a, b sighting) int { return cmp.Compare(b.weight, a.weight) })
	if len(byWeight) <= limit {
		return chosen, left
	}
	for _, s := range byWeight[limit:] {
		left += s.count()
	}
	kept := byWeight[:limit]
	slices.SortStableFunc(kept, func(a, b sighting) int { return cmp.Compare(a.at, b.at) })
	return kept, left
}

// count is how many messages or marks a sighting stands for.
func (s *sighting) count() int {
	if s.message != nil {
		return s.message.Count
	}
	return 1
}

// likeness is what two sightings share that may be told as one.
type likeness struct{ from, to, what, lost string }

func (s *sighting) likeness() likeness {
	if s.message == nil {
		return likeness{from: s.mark.Lane, what: s.mark.What}
	}
	return likeness{s.message.From, s.message.To, cmp.Or(s.alike, s.message.What), s.message.Lost}
}

// join makes one mark of those of one moment on one lane, up to the length of a
// sentence.
func join(sorted []sighting) []sighting {
	const longest = 110
	var out []sighting
	for _, s := range sorted {
		if s.mark != nil && s.weight < weightOperation {
			i := slices.IndexFunc(out, func(o sighting) bool {
				return o.mark != nil && o.weight < weightOperation && o.mark.Lane == s.mark.Lane && o.mark.At == s.mark.At &&
					len(o.mark.What)+len(s.mark.What) < longest
			})
			if i >= 0 {
				joined := *out[i].mark
				joined.What += "; " + s.mark.What
				joined.Offending = joined.Offending || s.mark.Offending
				if s.weight > out[i].weight {
					joined.Kind, out[i].weight = s.mark.Kind, s.weight
				}
				out[i].mark = &joined
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// collapse makes one of messages alike (the same way, words and fate) that
// follow one another with no turn of the story between: the first stands for all
// but the last, after which the story goes on. Of marks alike the first stays.
func collapse(sorted []sighting) []sighting {
	type run struct{ first, last int }
	latest := map[likeness]run{}
	out := make([]sighting, 0, len(sorted))
	folded := map[int]bool{}
	for _, s := range sorted {
		key := s.likeness()
		r, known := latest[key]
		if !known || s.weight >= weightOperation {
			if s.weight >= weightTurn && s.alike == "" {
				clear(latest)
			}
			latest[key] = run{len(out), len(out)}
			out = append(out, s)
			continue
		}
		if s.mark != nil {
			continue
		}
		if r.last != r.first {
			sum := *out[r.first].message
			sum.Count += out[r.last].message.Count
			out[r.first].message = &sum
			folded[r.last] = true
		}
		latest[key] = run{r.first, len(out)}
		out = append(out, s)
	}
	kept := out[:0]
	for i, s := range out {
		if !folded[i] {
			kept = append(kept, s)
		}
	}
	return kept
}
