package plot

import (
	"strings"
	"sync"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	gonumtext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of texts in pixels.
const (
	titleSize  = 14
	normalSize = 11 // as Style says
	smallSize  = 9.5
)

// boldWeight is the weight of titles.
const boldWeight = 3 // x/image/font.WeightBold

// sans measures and draws texts in a sans-serif face. The reader's machine
// chooses the face, most often one of the metrics of Helvetica, by which texts
// are measured here: their place must not hang on more than that.
type sans struct{}

// Extents of Helvetica's metrics, in thousandths of the size.
const (
	ascent  = 0.905
	descent = 0.212
)

func (sans) Cache() *font.Cache { return nil }

func (sans) Extents(f font.Font) font.Extents {
	return font.Extents{Ascent: ascent * f.Size, Descent: descent * f.Size, Height: (ascent + descent) * f.Size}
}

func (sans) Lines(s string) []string { return strings.Split(s, "\n") }

func (sans) Box(s string, f font.Font) (width, height, depth vg.Length) {
	return widthOf(s, f), ascent * f.Size, descent * f.Size
}

var anchors = map[gonumtext.XAlignment]string{draw.XLeft: "", draw.XCenter: "middle", draw.XRight: "end"}

// Draw implements text.Handler for a text of one line.
func (sans) Draw(c vg.Canvas, s string, style gonumtext.Style, at vg.Point) {
	c.SetColor(style.Color)
	at.Y += (ascent+descent)*style.Font.Size*vg.Length(style.YAlign) + descent*style.Font.Size
	sheet(c).write(s, at, anchors[style.XAlign], style.Font)
}

// asciiWidths are the widths of the characters from space to tilde for a size of
// one, normal and bold.
var asciiWidths = sync.OnceValue(func() (widths [2]['~' - ' ' + 1]vg.Length) {
	cache := font.NewCache(liberation.Collection())
	for i, f := range []font.Font{{Typeface: "Liberation", Variant: "Sans"}, {Typeface: "Liberation", Variant: "Sans", Weight: boldWeight}} {
		face := cache.Lookup(f, 1)
		for c := ' '; c <= '~'; c++ {
			widths[i][c-' '] = face.Width(string(c))
		}
	}
	return widths
})

// widthOf is the width of a text. What is not ASCII counts as wide as an m.
func widthOf(s string, f font.Font) vg.Length {
	all := asciiWidths()
	widths, sum := &all[0], vg.Length(0)
	if f.Weight != 0 {
		widths = &all[1]
	}
	for _, c := range s {
		if c < ' ' || c > '~' {
			c = 'm'
		}
		sum += widths[c-' ']
	}
	return sum * f.Size
}

// style is a text's: an ink, a size, and where it stands to its point.
func style(of ink, size vg.Length, x gonumtext.XAlignment) gonumtext.Style {
	return gonumtext.Style{Color: of, Font: font.Font{Size: size}, XAlign: x, YAlign: draw.YCenter, Handler: sans{}}
}

func bold(s gonumtext.Style) gonumtext.Style {
	s.Font.Weight = boldWeight
	return s
}
