package runfolder

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/result"
)

// MergeError says why folders are no shards of one campaign, a mistake in usage (64).
type MergeError struct{ Says string }

func (e *MergeError) Error() string { return e.Says }

func unmergeable(format string, args ...any) error { return &MergeError{fmt.Sprintf(format, args...)} }

// Merge joins the folders of a campaign's shards. What it returns is what the
// campaign would have come to in one piece; seeds that no folder has are told as
// missing, and leave it inconclusive at best. Each variant's story is that of its
// first violating seed over all shards, or else of the first.
func Merge(shards []*Stored) (*reports.Run, error) {
	first := shards[0]
	for _, other := range shards[1:] {
		if err := sameCampaign(first, other); err != nil {
			return nil, err
		}
	}
	summaries, err := deal(shards)
	if err != nil {
		return nil, err
	}
	c, err := first.campaign()
	if err != nil {
		return nil, unmergeable("%s: %v", first.Path, err)
	}
	joined, err := c.Join(summaries)
	if err != nil {
		return nil, unmergeable("%v", err)
	}
	first.resolved.settle(&joined)
	explainGaps(&joined, c, shards, len(summaries))
	seeds := campaign.NewSeedsFile(campaign.SeedsHeader{Scenario: c.Name, Variants: first.Header.Variants})
	for _, s := range summaries {
		seeds.Add(s)
	}
	run := complete(reports.Run{Result: joined, Stories: told(joined, shards), Seeds: seeds.Bytes(),
		Scenario: first.Run.Scenario, Data: first.Run.Data}, first.File)
	return &run, nil
}

// sameCampaign says in what two folders differ, if they are not of one campaign.
func sameCampaign(a, b *Stored) error {
	switch {
	case a.Header.Scenario != b.Header.Scenario:
		return unmergeable("%s is a run of %s, and %s of %s", a.Path, a.Header.Scenario, b.Path, b.Header.Scenario)
	case !slices.Equal(a.Header.Variants, b.Header.Variants):
		return unmergeable("%s ran the variants %s, and %s ran %s", a.Path, strings.Join(a.Header.Variants, ", "), b.Path, strings.Join(b.Header.Variants, ", "))
	case a.Version() != b.Version():
		return unmergeable("%s was written by Assay %s, and %s by %s", a.Path, a.Version(), b.Path, b.Version())
	case !bytes.Equal(a.Run.Scenario, b.Run.Scenario):
		return unmergeable("%s and %s ran %s with different settings: %s", a.Path, b.Path, a.Header.Scenario, firstDifference(a, b))
	}
	sameFile := func(x, y reports.File) bool { return x.Name == y.Name && bytes.Equal(x.Content, y.Content) }
	if !slices.EqualFunc(a.Run.Data, b.Run.Data, sameFile) {
		return unmergeable("%s and %s ran %s with different value files", a.Path, b.Path, a.Header.Scenario)
	}
	return nil
}

func firstDifference(a, b *Stored) string {
	if differences := Settings(a.Run.Scenario, b.Run.Scenario); len(differences) > 0 {
		return differences[0].String()
	}
	return "their scenario.resolved.yaml differ"
}

// deal puts the summaries of all shards in the order in which one campaign joins them.
func deal(shards []*Stored) ([]campaign.Summary, error) {
	type place struct {
		variant  string
		position int
	}
	taken := map[place]*Stored{}
	var all []campaign.Summary
	for _, shard := range shards {
		for _, s := range shard.Summaries {
			at := place{s.Variant, s.Position}
			if other := taken[at]; other != nil {
				return nil, unmergeable("%s and %s both ran seed %s of %s: shards must not overlap", other.Path, shard.Path, s.Seed, s.Variant)
			}
			taken[at] = shard
			all = append(all, s)
		}
	}
	order := shards[0].Header.Variants
	slices.SortStableFunc(all, func(a, b campaign.Summary) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(slices.Index(order, a.Variant), slices.Index(order, b.Variant)))
	})
	return all, nil
}

// explainGaps says why not every seed of the scenario is there.
func explainGaps(r *result.Result, c campaign.Campaign, shards []*Stored, ran int) {
	if ran == c.Runs() {
		return
	}
	reasons := map[string]bool{}
	worst := result.Expected
	for _, shard := range shards {
		if shard.Run.Result.Stopped == "" {
			continue
		}
		reason, _, _ := strings.Cut(shard.Run.Result.Stopped, ";")
		reasons[reason] = true
		if o := shard.Run.Result.Outcome; o == result.Failed || o == result.Interrupted && worst != result.Failed {
			worst = o
		}
	}
	if len(reasons) == 0 {
		reasons["shards that are missing"] = true
	}
	r.Stopped = fmt.Sprintf("%s; %d of %d runs were done", strings.Join(slices.Sorted(maps.Keys(reasons)), ", "), ran, c.Runs())
	switch {
	case worst != result.Expected:
		r.Outcome, r.ExitCode = worst, campaign.ExitCode(worst)
	case r.Outcome == result.Expected:
		r.Outcome, r.ExitCode = result.Inconclusive, campaign.ExitCode(result.Inconclusive)
	}
}

// told picks for each variant the story of its first violating seed, or else of
// its first, and then those that tell the first counterexamples of further claims.
// A shard may have told more of them than the whole would have.
func told(r result.Result, shards []*Stored) []result.Story {
	var stories []result.Story
	for _, v := range r.Variants {
		seed, ran := toldSeed(v)
		if !ran {
			continue
		}
		for i, seed := range append([]string{seed}, furtherSeeds(v, seed)...) {
			story, found := storyOf(shards, v.Name, seed)
			if !found {
				continue
			}
			story.Scenes = slices.DeleteFunc(slices.Clone(story.Scenes), func(s result.Scene) bool {
				return !slices.ContainsFunc(v.Claims, func(c result.Claim) bool { return c.Name == s.Claim && c.FirstViolating == seed })
			})
			if i > 0 {
				story.Series, story.History = nil, nil
			}
			stories = append(stories, story)
		}
	}
	return stories
}

// furtherSeeds are the seeds of a variant's first counterexamples besides the
// told one, in the order in which they ran.
func furtherSeeds(v result.Variant, told string) (seeds []string) {
	for _, seed := range v.Seeds {
		first := func(c result.Claim) bool { return c.FirstViolating == seed }
		if seed != told && slices.ContainsFunc(v.Claims, first) {
			seeds = append(seeds, seed)
		}
	}
	return seeds
}

func storyOf(shards []*Stored, variant, seed string) (result.Story, bool) {
	for _, shard := range shards {
		for _, s := range shard.Run.Stories {
			if s.Variant == variant && campaign.SeedName(s.Seed) == seed {
				return s, true
			}
		}
	}
	return result.Story{}, false
}

// toldSeed is a variant's first seed that violates any claim, or else its first.
func toldSeed(v result.Variant) (seed string, ran bool) {
	first := len(v.Seeds)
	for _, c := range v.Claims {
		if at := slices.Index(v.Seeds, c.FirstViolating); c.FirstViolating != "" && at >= 0 {
			first = min(first, at)
		}
	}
	switch {
	case len(v.Seeds) == 0:
		return "", false
	case first == len(v.Seeds):
		first = 0
	}
	return v.Seeds[first], true
}
