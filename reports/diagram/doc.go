// Package diagram draws the scene of a violation: who sent what to whom, what
// got lost, who was down, and where the record in question came to its end. It
// is made of pure functions from a scene to text: the same bytes for the same
// scene.
//
// A scene is told in numbered events, one below the other, as in a sequence
// diagram. SVG draws them with a lane for each node, Mermaid writes them for
// renderers of Markdown, Tell says them in sentences; a number means the same
// event in all three.
//
// The picture has a row for each event, so that no two words ever meet: time and
// number at the left, the lanes, and the sentence at the right (SVG) or above
// (Narrow). Rows have their own height and not that of the time between them;
// where much time passes the axis is broken and says how much.
//
// The record that the witness is about has one colour, vermilion, and nothing
// else has it; its lines are thicker and its rows tinted too, so that it needs no
// colour to be seen. Colours are those of Okabe and Ito (Color Universal Design,
// 2008), lighter on a dark ground.
package diagram

import "bytes"

// MaxBytes is what no picture exceeds.
const MaxBytes = 60 << 10

// Inline is a picture for a page that has Style once: without the style of its
// own, and so without a background.
func Inline(svg []byte) []byte {
	return bytes.Replace(svg, []byte("<style>"+Style+ground+"</style>"), nil, 1)
}
