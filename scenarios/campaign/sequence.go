package campaign

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"assay/scenarios/result"
)

// ahead is how many runs may have begun beyond the first that is not finished:
// outcomes wait in memory until they are joined in order.
const ahead = 64

// sequence hands jobs out and joins their outcomes in the order of the jobs,
// whatever the order in which they finish.
type sequence struct {
	jobs     []job
	failFast bool
	onJoined func(Summary) // may be nil

	mutex   sync.Mutex
	room    *sync.Cond // a job may be claimed, or none any more
	claimed int        // jobs handed out
	joined  int        // jobs whose outcomes are joined
	end     int        // jobs from here on would not have run, one after the other
	stopped bool
	waiting map[int]delivery
	failure error // a *RunError
}

type delivery struct {
	summary Summary
	err     error
}

func newSequence(jobs []job, options Options) *sequence {
	s := &sequence{jobs: jobs, failFast: options.FailFast, onJoined: options.Joined, end: len(jobs), waiting: map[int]delivery{}}
	s.room = sync.NewCond(&s.mutex)
	return s
}

// claim hands out the next job; ok is false if there is none any more.
func (s *sequence) claim() (number int, ok bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for !s.stopped && s.claimed < s.end && s.claimed >= s.joined+ahead {
		s.room.Wait()
	}
	if s.stopped || s.claimed >= s.end {
		return 0, false
	}
	s.claimed++
	return s.claimed - 1, true
}

// stop lets no further job begin.
func (s *sequence) stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.stopped = true
	s.room.Broadcast()
}

// deliver takes what a job came to and joins all that is now in order.
func (s *sequence) deliver(number int, candidate *candidate, d delivery) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if candidate != nil {
		s.jobs[number].teller.consider(candidate)
	}
	s.waiting[number] = d
	for s.joined < s.end {
		next, arrived := s.waiting[s.joined]
		if !arrived {
			break
		}
		s.join(s.joined, next)
		s.joined++
	}
	s.room.Broadcast()
}

func (s *sequence) join(number int, d delivery) {
	delete(s.waiting, number)
	j := s.jobs[number]
	if d.err == nil {
		d.err = j.tally.add(d.summary)
	}
	if d.err != nil {
		s.failure, s.end = d.err, number
		return
	}
	j.teller.joined(j.position)
	if s.onJoined != nil {
		s.onJoined(d.summary)
	}
	if s.failFast && j.tally.unexpected(d.summary) {
		s.end = number + 1
	}
}

// close joins what is finished behind jobs that were stopped.
func (s *sequence) close() {
	for number := s.joined; number < s.end; number++ {
		if d, arrived := s.waiting[number]; arrived {
			s.join(number, d)
		}
	}
}

// explainEnd says why not every job ran, and what follows for the result.
func (s *sequence) explainEnd(r *result.Result, cause error) {
	var ran int
	for _, v := range r.Variants {
		ran += len(v.Seeds)
	}
	count := fmt.Sprintf("%d of %d runs were done", ran, len(s.jobs))
	switch {
	case s.failure != nil:
		r.Outcome, r.ExitCode = result.Failed, exitInternal
		r.Stopped = fmt.Sprintf("an internal error (%v); %s", s.failure, count)
	case ran == len(s.jobs):
	case s.end < len(s.jobs):
		r.Stopped = "the first unexpected violation; " + count
	case errors.Is(cause, context.DeadlineExceeded):
		r.Stopped = "the time limit; " + count
		if r.Outcome == result.Expected {
			r.Outcome, r.ExitCode = result.Inconclusive, exitInconclusive
		}
	default:
		r.Stopped = "an interrupt; " + count
		r.Outcome, r.ExitCode = result.Interrupted, exitInterrupted
	}
}
