// Package plot draws what a run or a campaign measured as SVG: pure functions
// from results to bytes, the same bytes for the same results.
//
// A picture is a file of its own: it has its own background, follows the
// reader's light or dark scheme and needs neither network, script nor font. In a
// page that has Style once, Inline takes the picture's own style away.
//
// All pictures speak one language. Time runs to the right from the run's start,
// at the same place in each, so that they can be read one below the other.
// Faults are bars above the plot and grey bands behind it. A colour is never
// alone in telling lines apart: each has a pattern of its own, or a label. The
// colours are those of Okabe and Ito (Color Universal Design, 2008), which
// people with any kind of colour vision tell apart; the lighter ones are a
// little darker on white, and all are lighter on a dark ground.
package plot

import "bytes"

// MaxBytes is what no picture exceeds, whatever it shows.
const MaxBytes = 40 << 10

// Inline is a picture for a page that has Style: without the style of its own,
// and so without a background.
func Inline(svg []byte) []byte {
	return bytes.Replace(svg, []byte("<style>"+Style+ground+"</style>"), nil, 1)
}

// Budget is how many bytes of pictures a page may still take in.
type Budget int

// PageBudget is that of a report: half of the 2 MiB within which a report of
// many seeds and variants opens at once.
const PageBudget Budget = 1 << 20

// Admit says whether a picture fits, and counts it if it does. One that does not
// is better linked to than shown.
func (b *Budget) Admit(svg []byte) bool {
	if len(svg) > int(*b) {
		return false
	}
	*b -= Budget(len(svg))
	return true
}
