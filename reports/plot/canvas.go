package plot

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// canvas writes what is drawn on it as SVG. The library's own SVG canvas gives
// every element its colour and every coordinate five digits; this one names inks
// as classes, so that a picture can follow the reader's scheme, rounds to a
// tenth of a pixel and writes paths relatively: a fifth of the bytes.
//
// It draws upright: nothing here turns, moves, scales or shows photographs.
type canvas struct {
	width, height vg.Length
	body          bytes.Buffer
	state         pen
	saved         []pen
	scratch       []byte
}

type pen struct {
	ink    ink
	width  vg.Length
	dashes []vg.Length
}

const (
	defaultStroke = 1.5 // as Style says
	edge          = 8   // left and right of everything
)

func newCanvas(width, height vg.Length) *canvas {
	c := &canvas{width: width, height: height}
	vg.Initialize(c)
	return c
}

// sheet is the canvas on which the library's canvases draw: areas within areas.
func sheet(c vg.Canvas) *canvas {
	for {
		switch area := c.(type) {
		case *draw.Canvas:
			c = area.Canvas
		case draw.Canvas:
			c = area.Canvas
		default:
			return c.(*canvas)
		}
	}
}

// bytes is the picture with its style, title and description.
func (c *canvas) bytes(title, description string) []byte {
	var out bytes.Buffer
	size := func(l vg.Length) string { return strconv.Itoa(int(math.Ceil(float64(l)))) }
	w, h := size(c.width+2*edge), size(c.height)
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="assay-plot" role="img" width="` + w + `" height="` + h +
		`" viewBox="-` + size(edge) + ` 0 ` + w + ` ` + h + `">`)
	element(&out, "title", title)
	element(&out, "desc", description)
	out.WriteString("<style>" + Style + ground + "</style>\n")
	out.Write(c.body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func element(out *bytes.Buffer, name, content string) {
	out.WriteString("<" + name + ">")
	_ = xml.EscapeText(out, []byte(content)) // a Buffer takes everything
	out.WriteString("</" + name + ">")
}

// hint shows a text to whoever points at what draw draws.
func (c *canvas) hint(text string, draw func()) {
	c.body.WriteString("<g>")
	element(&c.body, "title", text)
	draw()
	c.body.WriteString("</g>\n")
}

func (c *canvas) Size() (w, h vg.Length)              { return c.width, c.height }
func (c *canvas) SetLineWidth(w vg.Length)            { c.state.width = w }
func (c *canvas) Push()                               { c.saved = append(c.saved, c.state) }
func (c *canvas) Rotate(float64)                      { panic("plot: a canvas draws upright") }
func (c *canvas) Translate(vg.Point)                  { panic("plot: a canvas draws where it is") }
func (c *canvas) Scale(float64, float64)              { panic("plot: a canvas draws to one scale") }
func (c *canvas) DrawImage(vg.Rectangle, image.Image) { panic("plot: a canvas draws no photographs") }

func (c *canvas) SetLineDash(pattern []vg.Length, _ vg.Length) { c.state.dashes = pattern }

func (c *canvas) SetColor(of color.Color) {
	c.state.ink = text
	if i, ok := of.(ink); ok {
		c.state.ink = i
	}
}

func (c *canvas) Pop() {
	last := len(c.saved) - 1
	c.state, c.saved = c.saved[last], c.saved[:last]
}

func (c *canvas) Stroke(p vg.Path) {
	if c.state.width <= 0 || len(p) == 0 {
		return
	}
	c.body.WriteString(`<path class="s` + string(c.state.ink) + `"`)
	if c.state.width != defaultStroke {
		c.attribute("stroke-width", c.state.width)
	}
	if len(c.state.dashes) > 0 {
		c.attribute("stroke-dasharray", c.state.dashes...)
	}
	c.path(p)
}

func (c *canvas) Fill(p vg.Path) {
	if len(p) == 0 {
		return
	}
	c.body.WriteString(`<path class="f` + string(c.state.ink) + `"`)
	c.path(p)
}

// FillString draws a text that begins at a point. Texts are drawn by sans, which
// also knows those that end or are centred there.
func (c *canvas) FillString(face font.Face, at vg.Point, s string) {
	c.write(s, at, "", face.Font)
}

// write draws a text with an anchor of SVG's: "" is the start.
func (c *canvas) write(s string, at vg.Point, anchor string, as font.Font) {
	if s == "" {
		return
	}
	c.body.WriteString(`<text class="f` + string(c.state.ink) + `"`)
	c.attribute("x", at.X)
	c.attribute("y", c.height-at.Y)
	if anchor != "" {
		c.body.WriteString(` text-anchor="` + anchor + `"`)
	}
	if as.Size != normalSize {
		c.attribute("font-size", as.Size)
	}
	if as.Weight != 0 {
		c.body.WriteString(` font-weight="600"`)
	}
	c.body.WriteString(">")
	_ = xml.EscapeText(&c.body, []byte(s)) // a Buffer takes everything
	c.body.WriteString("</text>\n")
}

func (c *canvas) attribute(name string, values ...vg.Length) {
	c.scratch = append(append(append(c.scratch[:0], ' '), name...), `="`...)
	for i, v := range values {
		if i > 0 {
			c.scratch = append(c.scratch, ' ')
		}
		c.scratch = appendTenths(c.scratch, tenths(v))
	}
	c.body.Write(append(c.scratch, '"'))
}

// tenths rounds to a tenth of a pixel. Whatever is far outside the picture stays
// there.
func tenths(l vg.Length) int {
	const far = 1e5
	v := float64(l)
	if math.IsNaN(v) {
		return 0
	}
	return int(math.Round(min(max(v, -far), far) * 10))
}

func appendTenths(b []byte, v int) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	whole, tenth := v/10, v%10
	if whole > 0 || tenth == 0 {
		b = strconv.AppendInt(b, int64(whole), 10)
	}
	if tenth > 0 {
		b = append(b, '.', byte('0'+tenth))
	}
	return b
}

// path ends an element with its path: from each point to the next, relatively,
// so that rounding does not add up.
func (c *canvas) path(p vg.Path) {
	b := append(c.scratch[:0], ` d="`...)
	var x, y, startX, startY int // where the path is, and where its part began
	begun := false
	for _, part := range p {
		toX, toY := tenths(part.Pos.X), tenths(c.height-part.Pos.Y)
		switch part.Type {
		case vg.MoveComp:
			b = appendMove(b, x, y, toX, toY, begun)
			begun, startX, startY = true, toX, toY
		case vg.LineComp:
			b = appendLine(b, toX-x, toY-y)
		case vg.CloseComp:
			b, toX, toY = append(b, 'z'), startX, startY
		default:
			panic("plot: a canvas draws straight lines")
		}
		x, y = toX, toY
	}
	c.body.Write(b)
	c.body.WriteString("\"/>\n")
	c.scratch = b
}

// appendMove writes the shorter of the two ways to go somewhere.
func appendMove(b []byte, x, y, toX, toY int, begun bool) []byte {
	at := len(b)
	b = appendPair(append(b, 'M'), toX, toY)
	if absolute := len(b) - at; begun {
		b = appendPair(append(b, 'm'), toX-x, toY-y)
		if relative := b[at+absolute:]; len(relative) < absolute {
			b = append(b[:at], relative...)
		} else {
			b = b[:at+absolute]
		}
	}
	return b
}

func appendPair(b []byte, x, y int) []byte {
	b = appendTenths(b, x)
	if y >= 0 {
		b = append(b, ' ')
	}
	return appendTenths(b, y)
}

func appendLine(b []byte, dx, dy int) []byte {
	switch {
	case dx == 0 && dy == 0:
		return b
	case dy == 0:
		return appendTenths(append(b, 'h'), dx)
	case dx == 0:
		return appendTenths(append(b, 'v'), dy)
	}
	return appendPair(append(b, 'l'), dx, dy)
}
