package settings

import "slices"

// Models tells what can be chosen, and what each model takes.
type Models interface {
	// Names are the models to choose from, best known first.
	Names() []string
	// Ability is what a model takes, by a name, an alias or a name that is gone. It
	// knows something of every name.
	Ability(name string) Ability
	// Pictures are the models that draw, best known first; those that are gone are
	// mapped by Ability.
	Pictures() []string
}

// Ability is what a model takes, at the endpoint that there is.
type Ability struct {
	Name      string   // what to ask for: its own name, or its successor's
	Efforts   []string // the reasoning efforts; empty: it has none
	Verbosity bool
	Sampling  Sampling
	WebSearch bool // the endpoint's own search
}

// Sampling is whether a model takes temperature and top_p.
type Sampling int

// The kinds of sampling.
const (
	Never     Sampling = iota
	Unthought          // with the effort "none" alone
	Always
)

// efforts in the order of what they cost.
func efforts() []string { return []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"} }

// nearest is the effort that the model has and that is closest to the one wanted, the
// higher one of two; empty if it has none.
func (a Ability) nearest(effort string) string {
	all := efforts()
	want, best, far := slices.Index(all, effort), "", len(all)
	if want < 0 {
		return ""
	}
	for i, e := range all {
		if d := max(i-want, want-i); slices.Contains(a.Efforts, e) && d <= far {
			best, far = e, d
		}
	}
	return best
}
