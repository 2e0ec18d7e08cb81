package format

import (
	"fmt"
	"strconv"
	"time"
)

// Seek moves all positions of a consumer's instances once, as an application
// does that wants to read again, or to leave something out.
type Seek struct {
	At time.Duration // from the run's start
	To Position
}

// Position is an offset, or one of the ends of a log.
type Position int64

// The ends of a log.
const (
	Latest   Position = -1
	Earliest Position = -2
)

var seekFields = []boundField[Seek]{
	bind("at", "when, from the run's start", duration(0), func(s *Seek) *time.Duration { return &s.At }).must(),
	bind("to", "earliest, latest, or an offset", positionCodec, func(s *Seek) *Position { return &s.To }).must(),
}

var positionCodec = writingText(scalar(Shape{Kind: ShapeEither, Either: []Shape{{Kind: ShapeInteger}, {Kind: ShapeText, Pattern: `^(earliest|latest|[0-9]+)$`}}},
	parsePosition, Position.String, "!!str", "!!int"))

func parsePosition(text string) (Position, error) {
	switch text {
	case "earliest":
		return Earliest, nil
	case "latest":
		return Latest, nil
	}
	offset, err := strconv.ParseInt(text, 10, 64)
	if err != nil || offset < 0 {
		return 0, fmt.Errorf("earliest, latest or an offset from 0")
	}
	return Position(offset), nil
}

func (p Position) String() string {
	switch p {
	case Earliest:
		return "earliest"
	case Latest:
		return "latest"
	}
	return strconv.FormatInt(int64(p), 10)
}

// checkSeeks: a later one that stands before an earlier one is a slip.
func checkSeeks(r *reader, at at, seeks []Seek) {
	for i := 1; i < len(seeks); i++ {
		if seeks[i].At <= seeks[i-1].At {
			r.fail(at.item(i), "seeks must be in order of time: at %s comes after %s", seeks[i].At, seeks[i-1].At)
		}
	}
}

// checkSeekTimes: a run ends when its drain does, which faults that last may put off.
func (c *checker) checkSeekTimes(pointer string, seeks []Seek) {
	load := c.scenario.Workload
	for i, seek := range seeks {
		if at := pointerToItem(pointer, i) + "/at"; seek.At > load.LoadEnd()+load.Drain && load.Duration > 0 {
			c.remark(Warning, c.index.find(at), at, "a seek at %s comes after the drain, which would end at %s", printDuration(seek.At), printDuration(load.LoadEnd()+load.Drain))
		}
	}
}
