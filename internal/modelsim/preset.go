package modelsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// preset is a load profile: rules and a rate limit.
type preset struct {
	name, what string
	rules      []Rule
	rpm        int
}

// Presets returns the names of the load profiles that Sim.Preset, Options.Preset
// and POST /_sim/presets take:
//
//   - seed-50: the pace of a real model, for 50 messages within two seconds
//   - seed-15-timeouts: 15 requests are read and never answered, then all is well
//   - soak: for half an hour, each fault befalls one request in a hundred
//   - tier-limit: 60 requests a minute, then true 429s
func Presets() []string {
	var names []string
	for _, p := range presetTable() {
		names = append(names, p.name)
	}
	return names
}

func presetTable() []preset {
	pace := Rule{ID: "pace", Match: Match{Path: "*"}, Timing: &Timing{FirstToken: 700 * time.Millisecond, FirstTokenP95: 3 * time.Second, TokensPerSecond: 80, Work: 5 * time.Second}}
	timeouts := Rule{ID: "timeouts", When: When{First: 15}, Fault: &Fault{Kind: FaultHeaderHang}}
	soak := []Rule{pace}
	for kind := range faultVariants() {
		f := Fault{Kind: kind, After: 6}
		switch kind {
		case FaultServerOutage:
			continue // one in a hundred would be an outage that never ends
		case FaultUnsupported:
			f.Param = "safety_identifier"
		case FaultStall:
			f.For = time.Minute
		}
		soak = append(soak, Rule{ID: "soak-" + string(kind), Match: Match{Path: "*", Method: "POST"}, When: When{Probability: 0.01, Until: 30 * time.Minute}, Fault: &f})
	}
	// The order decides which dice are thrown first.
	slices.SortFunc(soak[1:], func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return []preset{
		{name: "seed-50", what: "the pace of a real model", rules: []Rule{pace}},
		{name: "seed-15-timeouts", what: "15 requests hang, then all is well", rules: []Rule{timeouts, pace}},
		{name: "soak", what: "one percent of each fault for half an hour", rules: soak},
		{name: "tier-limit", what: "60 requests a minute", rules: []Rule{pace}, rpm: 60},
	}
}

// Preset adds the rules of a load profile and sets its rate limit, if it has
// one. ClearRules takes the rules away again, the limit stays. The error names
// the profiles there are.
func (s *Sim) Preset(name string) error {
	_, err := s.preset(name)
	return err
}

func (s *Sim) preset(name string) ([]string, error) {
	table := presetTable()
	i := slices.IndexFunc(table, func(p preset) bool { return p.name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown preset %q: use one of %s", name, strings.Join(Presets(), ", "))
	}
	var ids []string
	for _, r := range table[i].rules {
		ids = append(ids, s.AddRule(r))
	}
	if table[i].rpm > 0 {
		s.quota.init(table[i].rpm, s.opt.TPM)
	}
	return ids, nil
}
