package kafkaconfig

import (
	"slices"
	"strings"
)

// Suggest returns the word of from that the given one was most likely meant to be, for "did you mean". Case does
// not count, and '_', '-' and '.' are the same. The second result is false when nothing is near enough, or
// when the word is there as it stands. Equally near words: the first in alphabetical order.
func Suggest(word string, from []string) (string, bool) {
	near := nearest(word, from)
	if len(near) == 0 || near[0] == word {
		return "", false
	}
	return near[0], true
}

// Nearest returns up to three keys of a kind that the name was most likely meant to be, the likeliest first.
func Nearest(kind Kind, name string) []string {
	names := make([]string, 0, len(table[kind]))
	for _, key := range table[kind] {
		if !key.Internal {
			names = append(names, key.Name)
		}
	}
	near := nearest(name, names)
	if kind == Topic {
		near = append(topicKeysSuppliedBy(name), near...)
	}
	return near[:min(3, len(near))]
}

// topicKeysSuppliedBy finds the topic key when someone wrote the broker's name for it: log.retention.ms.
func topicKeysSuppliedBy(brokerKey string) []string {
	var names []string
	for _, key := range table[Topic] {
		for _, supplier := range key.SuppliedBy {
			if supplier.Name == brokerKey {
				names = append(names, key.Name)
			}
		}
	}
	return names
}

// nearest orders the words near enough: by edits, then those that begin with the word, shortest first.
func nearest(word string, from []string) []string {
	type candidate struct {
		word string
		rank int
	}
	const beginsRank = 1000 // after everything found by edits, of which there are a few at most
	wanted := plain(word)
	var candidates []candidate
	for _, other := range from {
		compared := plain(other)
		if edits := editDistance(wanted, compared); edits <= allowedEdits(len(wanted)) {
			candidates = append(candidates, candidate{other, edits})
		} else if len(wanted) >= 3 && strings.HasPrefix(compared, wanted+".") {
			candidates = append(candidates, candidate{other, beginsRank + len(compared)})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return strings.Compare(a.word, b.word)
	})
	words := make([]string, len(candidates))
	for i, each := range candidates {
		words[i] = each.word
	}
	return words
}

var separators = strings.NewReplacer("_", ".", "-", ".", " ", ".")

func plain(word string) string { return separators.Replace(strings.ToLower(word)) }

// allowedEdits grows with the word: one slip in "acks", four in a long key.
func allowedEdits(length int) int {
	switch {
	case length <= 1:
		return 0
	case length < 5:
		return 1
	}
	return min(4, 1+length/5)
}

// editDistance counts insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			substitution := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			best := min(rows[i-1][j]+1, rows[i][j-1]+1, substitution)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				best = min(best, rows[i-2][j-2]+1)
			}
			rows[i][j] = best
		}
	}
	return rows[len(a)][len(b)]
}
