package group

import "unicode/utf16"

// PartitionFor is the partition of an offsets topic of so many that holds a
// group: Kafka's abs(name.hashCode()) % partitions.
func PartitionFor(name string, partitions int) int32 {
	hash := javaHash(name)
	switch {
	case hash == -1<<31: // has no absolute value
		hash = 0
	case hash < 0:
		hash = -hash
	}
	return int32(int(hash) % partitions)
}

// javaHash is Java's String.hashCode, over UTF-16.
func javaHash(s string) (hash int32) {
	for _, r := range s {
		if high, low := utf16.EncodeRune(r); r >= 0x10000 {
			hash = 31*(31*hash+high) + low
		} else {
			hash = 31*hash + r
		}
	}
	return hash
}

// utf16Length is Java's String.length.
func utf16Length(s string) (units int) {
	for _, r := range s {
		units += utf16.RuneLen(r)
	}
	return units
}
