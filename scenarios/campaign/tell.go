package campaign

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"assay/scenarios/result"
	"assay/scenarios/run"
)

// chapter is one story to be told.
type chapter struct {
	job
	candidate *candidate
	further   bool // it tells scenes alone: another one tells the variant
	story     result.Story
	err       error
}

// tellAll writes the stories of all variants that ran. With Options.Tell it plays
// their seeds once more, as many at a time as runs may be, and a run that does not
// come out as it did before is a mistake of our own.
func (c Campaign) tellAll(ctx context.Context, options Options, s *sequence, tallies []*tally, tellers []*storyteller) []result.Story {
	var chapters []*chapter
	for v, teller := range tellers {
		if told := teller.told(); told != nil {
			chapters = append(chapters, &chapter{job: job{tallies[v], teller, told.summary.Position}, candidate: told})
		}
		for _, other := range teller.further() {
			if options.Tell {
				chapters = append(chapters, &chapter{job: job{tallies[v], teller, other.summary.Position}, candidate: other, further: true})
			}
		}
	}
	places := make(chan struct{}, options.workers())
	var group sync.WaitGroup
	for _, t := range chapters {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			t.story = t.candidate.write()
			if options.Tell && s.failure == nil && ctx.Err() == nil {
				t.err = t.tell(ctx, options)
			}
		})
	}
	group.Wait()
	var written []result.Story
	for _, t := range chapters {
		written = append(written, t.story)
		if s.failure == nil {
			s.failure = t.err
		}
	}
	return written
}

// tell plays the told run once more.
func (t *chapter) tell(ctx context.Context, options Options) error {
	runOptions := options.Run
	runOptions.Trace, runOptions.Tell = nil, t.teller.tell(t.candidate)
	outcome, err := t.simulate(ctx, options, runOptions)
	switch {
	case errors.Is(err, run.ErrStopped):
		return nil
	case err == nil && outcome.Digest != t.candidate.summary.Digest:
		err = fmt.Errorf("played once more it has the digest %s, and had %s before", outcome.Digest, t.candidate.summary.Digest)
	}
	if err != nil {
		return &RunError{Variant: t.tally.variant.Name, Seed: t.seed(), Err: err}
	}
	t.story.Scenes = outcome.Scenes
	if !t.further {
		t.story.Series = outcome.Series
	}
	return nil
}
