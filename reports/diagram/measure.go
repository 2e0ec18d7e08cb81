package diagram

import "strings"

// width estimates how wide a text is in hundredths of the font's size. Of the
// sans-serif faces that a reader may have it takes the widest in use, DejaVu Sans.
func width(text string) int {
	total := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("iljtfrI.,:;'|!()[]/ -\u00a0", r):
			total += 39
		case strings.ContainsRune("mwMW@%", r):
			total += 98
		case r >= 'A' && r <= 'Z' || r == '_' || r == '#':
			total += 76
		case r < 0x2000:
			total += 62
		default:
			total += 100
		}
	}
	return total
}

// bolder is how much wider a bold face is, in hundredths.
const bolder = 113

// wrap breaks a text into lines of at most most units, at spaces where there are
// any, and at most lines of them: what is too long ends in an ellipsis.
func wrap(text string, most, lines int) []string {
	var out []string
	line := ""
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		for width(word) > most { // no space to break at
			cut := fitting(word, most)
			if line != "" {
				out = append(out, line)
				line = ""
			}
			out = append(out, word[:cut])
			word = word[cut:]
		}
		switch {
		case line == "":
			line = word
		case width(line+" "+word) <= most:
			line += " " + word
		default:
			out = append(out, line)
			line = word
		}
	}
	if line != "" {
		out = append(out, line)
	}
	if len(out) > lines {
		out = out[:lines]
		out[lines-1] = shorten(out[lines-1]+" …", most)
	}
	return out
}

// fitting is how many bytes of a word are within most units, at least one rune.
func fitting(word string, most int) int {
	total := 0
	for i, r := range word {
		total += width(string(r))
		if total > most && i > 0 {
			return i
		}
	}
	return len(word)
}

// shorten cuts a text to most units, with an ellipsis where something is gone.
func shorten(text string, most int) string {
	if width(text) <= most {
		return text
	}
	runes := []rune(strings.TrimSuffix(text, " …"))
	for len(runes) > 1 && width(string(runes)+"…") > most {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
