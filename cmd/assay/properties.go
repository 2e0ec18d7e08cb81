package main

import (
	"fmt"
	"strconv"
	"strings"
)

// parseProperties reads a file in the format of java.util.Properties: lines of
// key=value, key:value or "key value", comments with # or !, a backslash at the
// end of a line continues it, and the escapes \t \n \r \f \uXXXX. A key that
// comes twice has its last value, as in Java.
func parseProperties(content string) (map[string]string, error) {
	properties := map[string]string{}
	for number, line := range logicalLines(content) {
		end := keyEnd(line)
		key, err := unescapeProperty(line[:end])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		rest := strings.TrimLeft(line[end:], propertyBlanks)
		if rest != "" && (rest[0] == '=' || rest[0] == ':') {
			rest = strings.TrimLeft(rest[1:], propertyBlanks)
		}
		value, err := unescapeProperty(rest)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		// Kafka trims what its keys are given; Java keeps blanks at the end.
		properties[key] = strings.TrimRight(value, propertyBlanks)
	}
	return properties, nil
}

const propertyBlanks = " \t\f"

// logicalLines yields the lines that say something, with the number of their
// first natural line, continuations joined.
func logicalLines(content string) func(func(int, string) bool) {
	natural := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(content), "\n")
	return func(yield func(int, string) bool) {
		for i := 0; i < len(natural); i++ {
			first, line := i+1, strings.TrimLeft(natural[i], propertyBlanks)
			if line == "" || line[0] == '#' || line[0] == '!' {
				continue
			}
			for continues(line) {
				line = line[:len(line)-1]
				if i++; i >= len(natural) {
					break
				}
				line += strings.TrimLeft(natural[i], propertyBlanks)
			}
			if !yield(first, line) {
				return
			}
		}
	}
}

// continues: an odd number of backslashes ends the line.
func continues(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// keyEnd is where the key ends: at the first blank, '=' or ':' without a backslash.
func keyEnd(line string) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '=', ':', ' ', '\t', '\f':
			return i
		}
	}
	return len(line)
}

func unescapeProperty(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		switch text[i] {
		case 't':
			out.WriteByte('\t')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 'f':
			out.WriteByte('\f')
		case 'u':
			if i+4 >= len(text) {
				return "", fmt.Errorf(`\u needs four digits`)
			}
			code, err := strconv.ParseUint(text[i+1:i+5], 16, 16)
			if err != nil {
				return "", fmt.Errorf(`\u%s is no character`, text[i+1:i+5])
			}
			out.WriteRune(rune(code))
			i += 4
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String(), nil
}
