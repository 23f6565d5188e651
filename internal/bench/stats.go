package bench

import (
	"math"
	"slices"
)

// Spread is how a figure is spread over messages, in milliseconds.
type Spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// spread sorts values.
func spread(values []float64) Spread {
	slices.Sort(values)
	return Spread{
		Count: len(values),
		P50:   percentile(values, 50), P95: percentile(values, 95), P99: percentile(values, 99), Max: percentile(values, 100),
	}
}

// percentile of sorted values is the smallest of them that is not less than p
// hundredths of all (nearest rank); 0 of none.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// median of values, which it sorts: of an even number, the mean of the two in
// the middle.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
