package format

import "time"

// times reads how long something takes: {dist: lognormal, p50: 1ms, p99: 20ms}, and a plain duration as a constant.
var times = distributionCodec(words(Lognormal, Constant, Uniform, Exponential))

// distributionFields says which fields each shape takes; all are required.
var distributionFields = map[DistributionKind][]string{
	Lognormal:   {"p50", "p99"},
	Constant:    {"value"},
	Uniform:     {"min", "max"},
	Exponential: {"mean"},
}

func distributionCodec(shapes codec[DistributionKind]) codec[Distribution] {
	length := func(field func(*Distribution) *time.Duration, kind DistributionKind) func(name, about string) boundField[Distribution] {
		return func(name, about string) boundField[Distribution] {
			return bind(name, about, duration(0), field).writtenIf(func(d *Distribution) bool { return d.Kind == kind })
		}
	}
	fields := object([]boundField[Distribution]{
		bind("dist", "the shape, lognormal by default", shapes, func(d *Distribution) *DistributionKind { return &d.Kind }).orDefault(string(Lognormal)),
		length(func(d *Distribution) *time.Duration { return &d.P50 }, Lognormal)("p50", "the median of lognormal"),
		length(func(d *Distribution) *time.Duration { return &d.P99 }, Lognormal)("p99", "the 99th percentile of lognormal"),
		length(func(d *Distribution) *time.Duration { return &d.Time }, Constant)("value", "the constant"),
		length(func(d *Distribution) *time.Duration { return &d.Min }, Uniform)("min", "the shortest of uniform"),
		length(func(d *Distribution) *time.Duration { return &d.Max }, Uniform)("max", "the longest of uniform"),
		length(func(d *Distribution) *time.Duration { return &d.Time }, Exponential)("mean", "the mean of exponential"),
	}, checkDistribution).withCases(distributionCases())
	constant := duration(0)
	return codec[Distribution]{
		shape: Shape{Kind: ShapeEither, Either: []Shape{constant.shape, fields.shape}},
		read: func(r *reader, at at, into *Distribution) {
			if at.node.kind == mapNode {
				fields.read(r, at, into)
				return
			}
			*into = Distribution{Kind: Constant}
			constant.read(r, at, &into.Time)
		},
		write: func(d Distribution) *node {
			if d.Kind == Constant {
				return constant.write(d.Time)
			}
			written := fields.write(d)
			written.flow = true
			return written
		},
	}
}

func distributionCases() []Case {
	var cases []Case
	for _, kind := range []DistributionKind{Lognormal, Constant, Uniform, Exponential} {
		cases = append(cases, Case{"dist", string(kind), distributionFields[kind], distributionFields[kind]})
	}
	return cases
}

func checkDistribution(r *reader, at at, d *Distribution) {
	takes, known := distributionFields[d.Kind]
	if !known {
		return
	}
	r.takes(at, string(d.Kind)+" times", takes, append([]string{"dist"}, takes...)...)
	bounds := func(lower, higher string, low, high time.Duration) {
		if at.node.child(lower) != nil && at.node.child(higher) != nil && high < low {
			r.report(at.node.child(higher).place, pointerTo(at.pointer, higher), "", "%s (%s) is below %s (%s)", higher, printDuration(high), lower, printDuration(low))
		}
	}
	switch d.Kind {
	case Lognormal:
		bounds("p50", "p99", d.P50, d.P99)
	case Uniform:
		bounds("min", "max", d.Min, d.Max)
	}
}
