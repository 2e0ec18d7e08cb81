// Package runfolder connects campaigns and reports: it plays a campaign into
// everything that a run folder holds, reads a folder back, and joins the folders
// of a campaign's shards into the one that it would have written in one piece.
package runfolder

import (
	"context"
	"errors"
	"slices"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
)

// Play runs a campaign of a scenario file and puts everything together that its
// folder and reports tell of. The report is nil if the error came before the
// first run; with a *campaign.RunError it tells what ran until then.
func Play(ctx context.Context, file *format.File, c campaign.Campaign, options campaign.Options) (*reports.Run, error) {
	seeds := campaign.NewSeedsFile(campaign.SeedsHeader{Scenario: c.Name, Variants: variantNames(c.Variants), Shard: c.Shard.String()})
	joined := options.Joined
	options.Joined = func(s campaign.Summary) {
		seeds.Add(s)
		if joined != nil {
			joined(s)
		}
	}
	played, stories, failure := c.Run(ctx, options)
	var failed *campaign.RunError
	if failure != nil && !errors.As(failure, &failed) {
		return nil, failure
	}
	scenario, err := Resolve(file, c.Variants[0].Scenario.Seeds)
	if err != nil {
		return nil, errors.Join(err, failure)
	}
	scenario.settle(&played)
	run := complete(reports.Run{Result: played, Stories: stories, Seeds: seeds.Bytes(), Scenario: scenario.Text, Data: scenario.Data}, file)
	return &run, failure
}

// complete adds what a report takes from the scenario and from this version.
func complete(run reports.Run, file *format.File) reports.Run {
	run.About, run.NotModelled, run.Units = file.Base.About, NotModelled, metricUnits()
	run.Plots, run.Sweep = file.Base.Report.Plots, swept(file)
	return run
}

// swept places the variants that a sweep made.
func swept(file *format.File) []reports.SweepPoint {
	var points []reports.SweepPoint
	for _, v := range file.Expand() {
		if len(v.Point) > 0 {
			points = append(points, reports.SweepPoint{Variant: v.Name, Settings: v.Point, Offered: offered(v.Scenario)})
		}
	}
	return points
}

// offered is what all producers together are to send in a second, 0 for a closed loop.
func offered(s format.Scenario) int64 {
	thousandths := int64(0)
	for _, p := range s.Workload.Producers {
		if p.Rate == format.RateMax {
			return 0
		}
		thousandths += int64(p.Rate)
	}
	return (thousandths + 500) / 1000
}

func variantNames(variants []format.Variant) []string {
	names := make([]string, len(variants))
	for i, v := range variants {
		names[i] = v.Name
	}
	return names
}

// metricUnits are what reports need to write metrics.
func metricUnits() map[string]string {
	units := map[string]string{}
	for _, m := range format.Metrics {
		units[m.Name] = string(m.Unit)
	}
	return units
}

// Pictured says whether reports in these formats show plots and diagrams; nil is all formats.
func Pictured(formats []string) bool {
	return formats == nil || slices.Contains(formats, reports.FormatHTML) || slices.Contains(formats, reports.FormatMarkdown)
}

// NotModelled is what every report says of this version's limits.
var NotModelled = []string{
	"Races of threads inside a broker: a step of a node is atomic.",
	"Consumer groups with membership and rebalances, transactions, retention and compaction, reassignment of partitions, reads from followers.",
	"Eviction from the page cache: a cold read costs nothing. Disks that fail, fill up, rot or lie about a sync.",
	"Packets: losses and congestion inside of TCP, network cards, switches that nodes share.",
	"What the operating system does inside a node, short stalls of a runtime, and what compression costs of it.",
}
