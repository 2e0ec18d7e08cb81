package batch

// Ratio is a compressed size in millionths of the uncompressed one.
type Ratio int64

// CountUncompressed makes batches be counted at their uncompressed size.
const CountUncompressed Ratio = 0

// Uncompressed is the ratio of what does not compress.
const Uncompressed Ratio = 1_000_000

// The steps of Kafka's CompressionRatioEstimator, and the margin that
// MemoryRecordsBuilder puts on its estimates.
const (
	improvingStep     Ratio = 5_000
	deterioratingStep Ratio = 50_000
	estimationMargin  Ratio = 1_050_000
)

// After moves an estimate towards what a batch was observed to compress to: up
// at once, down in small steps, since a batch that turns out too large has to
// be split (KIP-126).
func (r Ratio) After(observed Ratio) Ratio {
	switch {
	case observed > r:
		return max(r+deterioratingStep, observed)
	case observed < r:
		return max(r-improvingStep, observed)
	}
	return r
}

func (r Ratio) estimate(size int) int {
	if r == CountUncompressed {
		return size
	}
	return int(int64(size) * int64(r*estimationMargin/Uncompressed) / int64(Uncompressed))
}

func ratioOf(compressed, size int) Ratio {
	if size <= 0 {
		return Uncompressed
	}
	return Ratio(int64(compressed) * int64(Uncompressed) / int64(size))
}
