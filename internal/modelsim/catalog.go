package modelsim

import (
	"slices"
	"time"
)

// model is one row of the catalog.
type model struct {
	id       string
	context  int // tokens, input and output together
	maxOut   int // tokens
	efforts  []string
	effort   string // the default one; empty for models that do not reason
	created  int64  // Unix seconds, as GET /v1/models tells
	timing   Timing // for the sim- aliases
	fault    *Fault
	faultFor When
}

func (m model) reasons() bool { return m.effort != "" }

type catalog []model

// newCatalog lists the models OpenAI served in November 2026 (OpenAI: models
// page), without those already shut down, and the simulator's own aliases.
func newCatalog() catalog {
	all := []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}
	modern := []string{"none", "low", "medium", "high", "xhigh", "max"}
	fromLow := modern[1:]
	to4 := []string{"none", "low", "medium", "high", "xhigh"}
	day := func(y int, m time.Month, d int) int64 { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() }
	const million, out = 1_050_000, 128_000
	list := catalog{
		{id: "gpt-6-astra", context: million, maxOut: out, efforts: fromLow, effort: "medium", created: day(2026, 9, 3)},
		{id: "gpt-6.1-sol", context: million, maxOut: out, efforts: fromLow, effort: "medium", created: day(2026, 9, 29)},
		{id: "gpt-6.1-terra", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 10, 26)},
		{id: "gpt-6-sol", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 9, 22)},
		{id: "gpt-6-luna", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 9, 22)},
		{id: "gpt-5.6", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 7, 1)},
		{id: "gpt-5.6-sol", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 7, 1)},
		{id: "gpt-5.6-terra", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 7, 1)},
		{id: "gpt-5.6-luna", context: million, maxOut: out, efforts: modern, effort: "medium", created: day(2026, 7, 1)},
		{id: "gpt-5.5", context: million, maxOut: out, efforts: to4, effort: "medium", created: day(2026, 4, 23)},
		{id: "gpt-5.4", context: million, maxOut: out, efforts: to4, effort: "none", created: day(2026, 3, 5)},
		{id: "gpt-5.4-mini", context: 400_000, maxOut: out, efforts: to4, effort: "none", created: day(2026, 3, 17)},
		{id: "gpt-5.2", context: 400_000, maxOut: out, efforts: to4, effort: "none", created: day(2025, 12, 11)},
		{id: "gpt-5.1", context: 400_000, maxOut: out, efforts: to4[:4], effort: "none", created: day(2025, 11, 13)},
		{id: "gpt-4.1", context: 1_047_576, maxOut: 32_768, created: day(2025, 4, 14)},
		{id: "gpt-4.1-mini", context: 1_047_576, maxOut: 32_768, created: day(2025, 4, 14)},
		{id: "gpt-4o", context: 128_000, maxOut: 16_384, created: day(2024, 5, 13)},
		{id: "gpt-4o-mini", context: 128_000, maxOut: 16_384, created: day(2024, 7, 18)},
	}
	sim := model{context: million, maxOut: out, efforts: all, effort: "medium", created: day(2026, 11, 1)}
	alias := func(id string, change func(*model)) {
		m := sim
		m.id = id
		change(&m)
		list = append(list, m)
	}
	alias("sim-fast", func(*model) {})
	alias("sim-slow", func(m *model) { m.timing = Timing{FirstToken: 5 * time.Second, TokensPerSecond: 10} })
	alias("sim-flaky", func(m *model) {
		m.fault, m.faultFor = &Fault{Kind: FaultHTTP, Status: 503}, When{Probability: 0.3}
	})
	alias("sim-hang", func(m *model) { m.fault = &Fault{Kind: FaultHeaderHang} })
	alias("sim-small", func(m *model) { m.context, m.maxOut = 8_192, 2_048 })
	return list
}

func (c catalog) find(id string) (model, bool) {
	i := slices.IndexFunc(c, func(m model) bool { return m.id == id })
	if i < 0 {
		return model{}, false
	}
	return c[i], true
}

type modelObject struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func (m model) object() modelObject { return modelObject{m.id, "model", m.created, "openai"} }

// otherModels lists those that make no responses.
func otherModels() []modelObject {
	var list []modelObject
	created := time.Date(2026, 4, 21, 0, 0, 0, 0, time.UTC).Unix()
	for _, id := range append(imageModels(), moderationModels()[:2]...) {
		list = append(list, modelObject{id, "model", created, "openai"})
	}
	return list
}
