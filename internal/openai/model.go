package openai

import "strings"

// Model is what is known of a model. Sizes are in tokens, prices in US dollars
// for a million tokens. Zero prices are unknown ones.
type Model struct {
	Name      string
	Window    int      // input and output together
	MaxOutput int      // reasoning included
	Efforts   []string // empty: unknown
	Effort    string   // what the endpoint takes if none is asked for; empty: unknown
	PriceIn   float64
	PriceOut  float64
	Pictures  bool // it draws, and answers nothing
	Known     bool // false: cautious guesses for a name that the table lacks
}

// Lookup finds a model by its name, an alias, a dated snapshot of it
// ("gpt-6-luna-2026-09-22") or a name that is gone, for which it gives the
// successor. A name that it does not know gets itself and cautious defaults.
//
// Source: OpenAI's model pages and shutdown notices, November 2026. Input above
// 272,000 tokens costs twice the price given here, output then 1.5 times.
func Lookup(name string) Model {
	key := strings.ToLower(strings.TrimSpace(name))
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		key = key[i+1:] // "openai/gpt-6-luna", as gateways write it
	}
	for {
		next, gone := successor(key)
		if !gone {
			break
		}
		key = next
	}
	var found Model
	for _, m := range table() {
		// The longest name wins: "gpt-5.4-mini" is not a snapshot of "gpt-5.4".
		if (key == m.Name || snapshot(key, m.Name)) && len(m.Name) > len(found.Name) {
			found = m
		}
	}
	if found.Name == "" {
		return Model{Name: name, Window: 32_000, MaxOutput: 4_096}
	}
	found.Known = true
	if key != found.Name {
		found.Name = key // a snapshot is asked for by its own name
	}
	return found
}

// Names are the models that answer, newest first, or, with pictures, those that draw.
func Names(pictures bool) []string {
	var names []string
	for _, m := range table() {
		if m.Pictures == pictures {
			names = append(names, m.Name)
		}
	}
	return names
}

// snapshot reports whether key is name with a date: name-2026-09-22.
func snapshot(key, name string) bool {
	date, ok := strings.CutPrefix(key, name+"-")
	if !ok || len(date) != len("2026-09-22") {
		return false
	}
	return strings.Trim(date, "0123456789-") == ""
}

func table() []Model {
	none := []string{"none", "low", "medium", "high", "xhigh", "max"}
	low := none[1:]
	const window, out = 1_050_000, 128_000
	return []Model{
		{Name: "gpt-6-astra", Window: window, MaxOutput: out, Efforts: low, PriceIn: 10, PriceOut: 50},
		{Name: "gpt-6.1-sol", Window: window, MaxOutput: out, Efforts: low, PriceIn: 2, PriceOut: 10},
		{Name: "gpt-6.1-terra", Window: window, MaxOutput: out, Efforts: none, PriceIn: 1, PriceOut: 5},
		{Name: "gpt-6-sol", Window: window, MaxOutput: out, Efforts: none, Effort: "medium", PriceIn: 2, PriceOut: 10},
		{Name: "gpt-6-luna", Window: window, MaxOutput: out, Efforts: none, PriceIn: 0.10, PriceOut: 0.50},
		{Name: "gpt-5.6-sol", Window: window, MaxOutput: out, Efforts: none, PriceIn: 4, PriceOut: 20},
		{Name: "gpt-5.6-terra", Window: window, MaxOutput: out, Efforts: none, PriceIn: 2, PriceOut: 12},
		{Name: "gpt-5.6-luna", Window: window, MaxOutput: out, Efforts: none, PriceIn: 0.20, PriceOut: 1.20},
		// Still served, with numbers that we do not know: small guesses.
		{Name: "gpt-5.5", Window: 256_000, MaxOutput: 32_000},
		{Name: "gpt-5.4", Window: 256_000, MaxOutput: 32_000},
		{Name: "gpt-5.4-mini", Window: 256_000, MaxOutput: 32_000},
		{Name: "gpt-5.4-nano", Window: 256_000, MaxOutput: 32_000}, // until 2027-04-01
		{Name: "gpt-5.2", Window: 256_000, MaxOutput: 32_000},
		{Name: "gpt-5.1", Window: 256_000, MaxOutput: 32_000}, // until 2027-04-01
		// OpenAI's picture models have no token window of use to us.
		{Name: "gpt-image-2", Pictures: true},
		{Name: "gpt-image-1.5", Pictures: true},
		{Name: "gpt-image-1-mini", Pictures: true},
	}
}

// successor maps an alias, or a name that OpenAI has shut down or will by the
// end of January 2027, to what to use instead.
func successor(name string) (next string, gone bool) {
	switch name {
	case "gpt-5.6":
		return "gpt-5.6-sol", true
	case "gpt-5", "gpt-5-chat-latest", "gpt-5.1-chat-latest", "gpt-5.2-chat-latest", "gpt-5.3-chat-latest",
		"gpt-4.1", "gpt-4o", "gpt-4", "gpt-4-turbo", "o3-mini", "o4-mini",
		"gpt-5-search-preview", "gpt-4o-search-preview":
		return "gpt-6.1-terra", true
	case "gpt-5-pro", "o1", "o1-pro", "o3", "o3-pro", "gpt-5-codex", "gpt-5.1-codex", "gpt-5.1-codex-max",
		"o3-deep-research", "o4-mini-deep-research", "computer-use-preview":
		return "gpt-6.1-sol", true
	case "gpt-5-mini", "gpt-5-nano", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o-mini", "gpt-3.5-turbo", "gpt-4o-mini-search-preview":
		return "gpt-6-luna", true
	case "gpt-image-1", "dall-e-2", "dall-e-3":
		return "gpt-image-2", true
	}
	return name, false
}
