package plot

import (
	"image/color"

	"gonum.org/v1/plot/vg"
)

// ink is a colour by its part in the picture. What it looks like is for Style to
// say, since it depends on the reader's scheme.
type ink string

// The inks. Those of lines are numbered.
const (
	text   ink = "fg"
	muted  ink = "mu"
	grid   ink = "gr"
	band   ink = "ba" // behind the lines, while a fault lasts
	alarm  ink = "al" // where nobody leads
	shade  ink = "sh" // an area below a line
	number     = "c"  // c1, c2, ...
	tinted     = "t"  // t1, t2, ...: the same as a ground to write on
)

// RGBA implements color.Color, for the drawing library alone.
func (ink) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// lineInks is how many inks lines have.
const lineInks = 7

// lineInk is the ink of the line of a number from 0.
func lineInk(i int) ink { return ink(number) + ink(rune('1'+i%lineInks)) }

// tint is lineInk as a ground.
func tint(i int) ink { return ink(tinted) + ink(rune('1'+i%lineInks)) }

// dashes tell lines apart where colours do not: on paper, for some eyes.
var dashes = [][]vg.Length{nil, {6, 2.5}, {2, 2}, {8, 2.5, 2, 2.5}, {12, 3}, {4, 1.5, 1.5, 1.5, 1.5, 1.5}, {3, 4}}

// lineDashes is the pattern of the line of a number from 0. It comes round at
// another pace than lineInk.
func lineDashes(i int) []vg.Length { return dashes[(i+i/lineInks)%len(dashes)] }

// Style is the style sheet of all pictures. A page that shows some by Inline
// holds it once.
const Style = `.assay-plot{font-family:"Helvetica Neue",Arial,"Liberation Sans",Roboto,sans-serif;font-size:11px;stroke-width:1.5;stroke-linejoin:round;max-width:100%;height:auto}` +
	`.assay-plot path{fill:none}.assay-plot text{stroke:none}` + lightScheme +
	`@media screen and (prefers-color-scheme:dark){` + darkScheme + `}`

// ground is the background of a picture that stands alone.
const ground = `.assay-plot{background:#fff}@media screen and (prefers-color-scheme:dark){.assay-plot{background:#0d1117}}`

// An ink's class for strokes begins with s, for areas and texts with f.
const (
	lightScheme = `.assay-plot .sfg{stroke:#1f2328}.assay-plot .ffg{fill:#1f2328}.assay-plot .smu{stroke:#59636e}.assay-plot .fmu{fill:#59636e}.assay-plot .sgr{stroke:#dde2e7}.assay-plot .fgr{fill:#dde2e7}.assay-plot .sal{stroke:#c0362c}.assay-plot .fal{fill:#c0362c}.assay-plot .sc1{stroke:#0072b2}.assay-plot .fc1{fill:#0072b2}.assay-plot .sc2{stroke:#d55e00}.assay-plot .fc2{fill:#d55e00}.assay-plot .sc3{stroke:#008a64}.assay-plot .fc3{fill:#008a64}.assay-plot .sc4{stroke:#b8588c}.assay-plot .fc4{fill:#b8588c}.assay-plot .sc5{stroke:#c78500}.assay-plot .fc5{fill:#c78500}.assay-plot .sc6{stroke:#2d93cc}.assay-plot .fc6{fill:#2d93cc}.assay-plot .sc7{stroke:#444c56}.assay-plot .fc7{fill:#444c56}.assay-plot .fba{fill:#1f23281a}.assay-plot .fsh{fill:#0072b21f}.assay-plot .ft1{fill:#0072b240}.assay-plot .st1{stroke:#0072b240}.assay-plot .ft2{fill:#d55e0040}.assay-plot .st2{stroke:#d55e0040}.assay-plot .ft3{fill:#008a6440}.assay-plot .st3{stroke:#008a6440}.assay-plot .ft4{fill:#b8588c40}.assay-plot .st4{stroke:#b8588c40}.assay-plot .ft5{fill:#c7850040}.assay-plot .st5{stroke:#c7850040}.assay-plot .ft6{fill:#2d93cc40}.assay-plot .st6{stroke:#2d93cc40}.assay-plot .ft7{fill:#444c5640}.assay-plot .st7{stroke:#444c5640}`
	darkScheme  = `.assay-plot .sfg{stroke:#e6edf3}.assay-plot .ffg{fill:#e6edf3}.assay-plot .smu{stroke:#9aa5b1}.assay-plot .fmu{fill:#9aa5b1}.assay-plot .sgr{stroke:#2d333b}.assay-plot .fgr{fill:#2d333b}.assay-plot .sal{stroke:#ff8a80}.assay-plot .fal{fill:#ff8a80}.assay-plot .sc1{stroke:#4aa8e6}.assay-plot .fc1{fill:#4aa8e6}.assay-plot .sc2{stroke:#ff8b45}.assay-plot .fc2{fill:#ff8b45}.assay-plot .sc3{stroke:#2fcb9d}.assay-plot .fc3{fill:#2fcb9d}.assay-plot .sc4{stroke:#e89cc6}.assay-plot .fc4{fill:#e89cc6}.assay-plot .sc5{stroke:#f0b429}.assay-plot .fc5{fill:#f0b429}.assay-plot .sc6{stroke:#9bd8ff}.assay-plot .fc6{fill:#9bd8ff}.assay-plot .sc7{stroke:#c2cbd4}.assay-plot .fc7{fill:#c2cbd4}.assay-plot .fba{fill:#e6edf321}.assay-plot .fsh{fill:#4aa8e633}.assay-plot .ft1{fill:#4aa8e659}.assay-plot .st1{stroke:#4aa8e659}.assay-plot .ft2{fill:#ff8b4559}.assay-plot .st2{stroke:#ff8b4559}.assay-plot .ft3{fill:#2fcb9d59}.assay-plot .st3{stroke:#2fcb9d59}.assay-plot .ft4{fill:#e89cc659}.assay-plot .st4{stroke:#e89cc659}.assay-plot .ft5{fill:#f0b42959}.assay-plot .st5{stroke:#f0b42959}.assay-plot .ft6{fill:#9bd8ff59}.assay-plot .st6{stroke:#9bd8ff59}.assay-plot .ft7{fill:#c2cbd459}.assay-plot .st7{stroke:#c2cbd459}`
)
