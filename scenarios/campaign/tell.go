package campaign

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"assay/scenarios/result"
	"assay/scenarios/run"
)

// tellAll writes the stories of all variants that ran. With Options.Tell it plays
// their seeds once more, as many at a time as runs may be, and a run that does not
// come out as it did before is a mistake of our own.
func (c Campaign) tellAll(ctx context.Context, options Options, s *sequence, tallies []*tally, tellers []*storyteller) []result.Story {
	stories, errs := make([]*result.Story, len(tellers)), make([]error, len(tellers))
	places := make(chan struct{}, options.workers())
	var group sync.WaitGroup
	for v, teller := range tellers {
		told := teller.told()
		if told == nil {
			continue
		}
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			story := told.write()
			stories[v] = &story
			if options.Tell && s.failure == nil && ctx.Err() == nil {
				errs[v] = job{tallies[v], teller, told.summary.Position}.tell(ctx, options, told, &story)
			}
		})
	}
	group.Wait()
	var written []result.Story
	for v, story := range stories {
		if story != nil {
			written = append(written, *story)
		}
		if s.failure == nil {
			s.failure = errs[v]
		}
	}
	return written
}

// tell plays the told run once more.
func (j job) tell(ctx context.Context, options Options, told *candidate, story *result.Story) error {
	runOptions := options.Run
	runOptions.Trace, runOptions.Tell = nil, told.tell()
	outcome, err := j.simulate(ctx, options, runOptions)
	switch {
	case errors.Is(err, run.ErrStopped):
		return nil
	case err == nil && outcome.Digest != told.summary.Digest:
		err = fmt.Errorf("played once more it has the digest %s, and had %s before", outcome.Digest, told.summary.Digest)
	}
	if err != nil {
		return &RunError{Variant: j.tally.variant.Name, Seed: j.seed(), Err: err}
	}
	story.Series, story.Scenes = outcome.Series, outcome.Scenes
	return nil
}
