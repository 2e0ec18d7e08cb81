package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"assay/faults"
	"assay/scenarios/result"
)

// storiesVersion of stories.json.zst. docs/formats.md describes it.
const storiesVersion = 1

// storiesFile is the content of stories.json.zst: what a report needs of single
// runs, so that it can be drawn again without a simulation. Histories are files
// of their own.
type storiesFile struct {
	Version int           `json:"assay_stories"`
	Stories []storedStory `json:"stories"`
}

type storedStory struct {
	Variant string         `json:"variant"`
	Seed    string         `json:"seed"`
	LoadEnd int64          `json:"load_end"` // nanoseconds since the run's start, as all times
	RunEnd  int64          `json:"run_end"`
	Swarm   []string       `json:"swarm,omitempty"`
	Faults  []storedFault  `json:"faults"`
	Series  *result.Series `json:"series,omitempty"`
	Scenes  []result.Scene `json:"scenes,omitempty"`
}

// storedFault is a fault as it was applied, with the words of the scenario format.
type storedFault struct {
	ID        string         `json:"id"`
	Kind      faults.Kind    `json:"kind"`
	At        int64          `json:"at"`
	When      *storedTrigger `json:"when,omitempty"`
	Target    []string       `json:"target,omitempty"`
	Groups    [][]string     `json:"groups,omitempty"`
	Direction uint8          `json:"direction,omitempty"` // 0 both, 1 in, 2 out
	Latency   int64          `json:"latency,omitempty"`
	Late      bool           `json:"late,omitempty"`
	Disk      uint8          `json:"disk,omitempty"` // 0 lose_unsynced, 1 tear, 2 keep
	To        string         `json:"to,omitempty"`
	NoFence   bool           `json:"no_fence,omitempty"`
	Bandwidth int64          `json:"bandwidth,omitempty"` // bytes per second
	Factor    int64          `json:"factor,omitempty"`
	Skew      int64          `json:"skew,omitempty"`
	Duration  int64          `json:"duration,omitempty"`
	Outcome   uint8          `json:"outcome"` // 0 applied, 1 reduced, 2 skipped
	Reason    string         `json:"reason,omitempty"`
	Start     int64          `json:"start"`
	End       int64          `json:"end"`
	// Of a roll, one after the other.
	Restarts []storedRestart `json:"restarts,omitempty"`
}

type storedRestart struct {
	Name    string `json:"name"`
	Asked   int64  `json:"asked"` // to stop
	Down    int64  `json:"down"`
	Up      int64  `json:"up"`      // started again
	Settled int64  `json:"settled"` // all were in sync again; 0 if the roll ended before
}

type storedTrigger struct {
	Event     string `json:"event"`
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"` // -1 for any
	Node      string `json:"node,omitempty"`
	Nth       int64  `json:"nth"`
}

// EncodeStories writes stories.json.zst. Equal stories give equal bytes.
func EncodeStories(stories []result.Story) []byte {
	file := storiesFile{Version: storiesVersion, Stories: []storedStory{}}
	for _, s := range stories {
		stored := storedStory{Variant: s.Variant, Seed: seedText(s.Seed), LoadEnd: s.LoadEnd, RunEnd: s.RunEnd,
			Swarm: s.Swarm, Faults: []storedFault{}, Series: s.Series, Scenes: s.Scenes}
		for _, record := range s.Faults {
			stored.Faults = append(stored.Faults, storeFault(record))
		}
		file.Stories = append(file.Stories, stored)
	}
	plain, err := json.Marshal(file)
	if err != nil {
		panic(fmt.Sprintf("reports: stories of numbers and texts do not encode: %v", err))
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are right
	}
	return z.EncodeAll(append(plain, '\n'), nil)
}

// DecodeStories reads what EncodeStories wrote. Another version is an error.
func DecodeStories(content []byte) ([]result.Story, error) {
	z, err := zstd.NewReader(bytes.NewReader(content), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("no stories.json.zst: %w", err)
	}
	defer z.Close()
	var file storiesFile
	if err := json.NewDecoder(z).Decode(&file); err != nil {
		return nil, fmt.Errorf("no stories.json.zst: %w", err)
	}
	if file.Version != storiesVersion {
		return nil, fmt.Errorf("stories.json.zst has version %d, and only version %d can be read", file.Version, storiesVersion)
	}
	var stories []result.Story
	for _, stored := range file.Stories {
		s := result.Story{Variant: stored.Variant, Seed: parseSeed(stored.Seed), LoadEnd: stored.LoadEnd, RunEnd: stored.RunEnd,
			Swarm: stored.Swarm, Series: stored.Series, Scenes: stored.Scenes}
		for i := range s.Scenes {
			s.Scenes[i].Seed = s.Seed
		}
		for _, f := range stored.Faults {
			record, err := f.record()
			if err != nil {
				return nil, fmt.Errorf("stories.json.zst: fault %s: %w", f.ID, err)
			}
			s.Faults = append(s.Faults, record)
		}
		stories = append(stories, s)
	}
	return stories, nil
}

func storeFault(r faults.Record) storedFault {
	s := r.Spec
	f := storedFault{ID: s.ID, Kind: s.Kind, At: int64(s.At), Target: targetWords(s.Target), Direction: uint8(s.Direction), Latency: int64(s.Latency),
		Late: s.Late, Disk: uint8(s.Disk), NoFence: s.NoFence, Bandwidth: s.Bandwidth, Factor: s.Factor, Skew: int64(s.Skew), Duration: int64(s.Duration),
		Outcome: uint8(r.Outcome), Reason: r.Reason, Start: int64(r.Start), End: int64(r.End)}
	for _, group := range s.Groups {
		f.Groups = append(f.Groups, targetWords(group))
	}
	if s.When != nil {
		f.When = &storedTrigger{Event: s.When.Event, Topic: s.When.Topic, Partition: s.When.Partition, Node: s.When.Node, Nth: s.When.Nth}
	}
	if s.To != nil {
		f.To = s.To.String()
	}
	for _, restart := range r.Restarts {
		f.Restarts = append(f.Restarts, storedRestart{restart.Name, int64(restart.Asked), int64(restart.Down), int64(restart.Up), int64(restart.Settled)})
	}
	return f
}

func (f storedFault) record() (faults.Record, error) {
	if f.Direction > uint8(faults.Out) || f.Disk > uint8(faults.Keep) || f.Outcome > uint8(faults.Skipped) {
		return faults.Record{}, fmt.Errorf("no such direction, disk or outcome: %d, %d, %d", f.Direction, f.Disk, f.Outcome)
	}
	s := faults.Spec{ID: f.ID, Kind: f.Kind, At: time.Duration(f.At), Direction: faults.Direction(f.Direction), Latency: time.Duration(f.Latency),
		Late: f.Late, Disk: faults.DiskMode(f.Disk), NoFence: f.NoFence, Bandwidth: f.Bandwidth, Factor: f.Factor, Skew: time.Duration(f.Skew), Duration: time.Duration(f.Duration)}
	var err error
	if s.Target, err = parseTargets(f.Target); err != nil {
		return faults.Record{}, err
	}
	for _, words := range f.Groups {
		group, err := parseTargets(words)
		if err != nil {
			return faults.Record{}, err
		}
		s.Groups = append(s.Groups, group)
	}
	if f.When != nil {
		s.When = &faults.Trigger{Event: f.When.Event, Topic: f.When.Topic, Partition: f.When.Partition, Node: f.When.Node, Nth: f.When.Nth}
	}
	if f.To != "" {
		to, err := faults.ParseTarget(f.To)
		if err != nil {
			return faults.Record{}, err
		}
		s.To = &to
	}
	r := faults.Record{Spec: s, Outcome: faults.Outcome(f.Outcome), Reason: f.Reason, Start: time.Duration(f.Start), End: time.Duration(f.End)}
	for _, restart := range f.Restarts {
		r.Restarts = append(r.Restarts, faults.Restart{Name: restart.Name, Asked: time.Duration(restart.Asked),
			Down: time.Duration(restart.Down), Up: time.Duration(restart.Up), Settled: time.Duration(restart.Settled)})
	}
	return r, nil
}

func targetWords(list []faults.Target) []string {
	words := make([]string, 0, len(list))
	for _, t := range list {
		words = append(words, t.String())
	}
	return slices.Clip(words)
}

func parseTargets(words []string) ([]faults.Target, error) {
	var list []faults.Target
	for _, word := range words {
		t, err := faults.ParseTarget(word)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}
