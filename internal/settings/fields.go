package settings

import (
	"slices"
	"strings"
)

// Fields is the list, in the order in which people see it.
func Fields() []Field {
	everywhere := []Level{User, Channel, Thread}
	return []Field{
		{
			Key: Model, Label: "Model", Kind: Choice, Levels: everywhere,
			Hint:    "Who answers. Other fields change with it.",
			options: func(m Models, _ Ability) []Option { return named(m.Names()) },
			alias:   modelAlias,
		},
		{
			Key: Effort, Label: "Reasoning effort", Kind: Choice, Levels: everywhere,
			Hint:    "How long the model thinks before it answers: more is better for hard questions, and slower.",
			options: func(_ Models, a Ability) []Option { return effortOptions(a) },
			applies: func(a Ability) bool { return len(a.Efforts) > 0 },
			alias:   func(v string, _ Models, a Ability) string { return a.nearest(v) },
		},
		{
			Key: Verbosity, Label: "Detail", Kind: Choice, Levels: everywhere,
			Hint:    "How much the model says by itself.",
			options: fixed(Option{"low", "Concise", ""}, Option{"medium", "Standard", ""}, Option{"high", "Detailed", ""}),
			applies: func(a Ability) bool { return a.Verbosity },
		},
		{
			Key: Temperature, Label: "Temperature", Kind: Number, Levels: everywhere, Least: 0, Most: 2,
			Hint:    "From 0 (steady) to 2 (wild). Change this or Top P, not both. Models that reason take it with the effort “None” only.",
			applies: func(a Ability) bool { return a.Sampling != Never },
		},
		{
			Key: TopP, Label: "Top P", Kind: Number, Levels: everywhere, Least: 0, Most: 1,
			Hint:    "From 0 to 1: how unlikely a word may be. Models that reason take it with the effort “None” only.",
			applies: func(a Ability) bool { return a.Sampling != Never },
		},
		{
			Key: Instructions, Label: "Custom instructions", Kind: Text, Levels: everywhere, MaxLength: 3000, Lines: true,
			Hint: "What I should know and how I should answer. A channel's or a thread's stand in place of your own there.",
		},
		{
			Key: Length, Label: "Length of answers", Kind: Choice, Levels: everywhere, Default: "auto",
			options: fixed(Option{"auto", "As it fits", ""}, Option{"short", "Short", "A few sentences"},
				Option{"medium", "Medium", "Some paragraphs"}, Option{"long", "Long", "Thorough, with examples"}),
		},
		{
			Key: Language, Label: "Language", Kind: Text, Levels: everywhere, MaxLength: 40,
			Hint: "Such as Deutsch or English. Empty: the language in which you write.",
		},
		{
			Key: WebSearch, Label: "Web search", Kind: Flag, Levels: everywhere, Default: "true",
			Hint:    "The model may search the web, and names its sources.",
			applies: func(a Ability) bool { return a.WebSearch },
		},
		{
			Key: Streaming, Label: "Show the answer as it is written", Kind: Flag, Levels: everywhere, Default: "true",
		},
		{
			Key: LongAnswers, Label: "Long answers", Kind: Choice, Levels: everywhere, Default: "parts",
			options: fixed(Option{"parts", "In several messages", ""}, Option{"file", "As a file", "With a summary above it"}),
		},
		{
			Key: Footer, Label: "Line under answers", Kind: Flag, Levels: everywhere, Default: "true",
			Hint: "Sources, tools that were used, and the model.",
		},
		{
			Key: Feedback, Label: "Feedback buttons", Kind: Flag, Levels: everywhere, Default: "true",
		},
		{
			Key: FollowUp, Label: "Replies without a mention", Kind: Choice, Levels: []Level{Channel, Thread}, Default: "off",
			Hint: "In threads where I answered before.",
			options: fixed(Option{"off", "Not answered", "Mention me each time"}, Option{"asker", "Of those who asked me there", ""},
				Option{"everyone", "Of everyone", "Except when people talk to each other by name"}),
		},
		{
			Key: Midturn, Label: "Messages while I am answering", Kind: Choice, Levels: everywhere, Default: "queue",
			options: fixed(Option{"queue", "Wait for their turn", ""}, Option{"steer", "Are taken up, if nothing is shown yet", ""},
				Option{"interrupt", "End what I am writing", "And I answer all of them together"}),
		},
		{
			Key: ChannelContext, Label: "Channel messages that I read", Kind: Number, Levels: []Level{User, Channel}, Default: "0", Most: 50, Whole: true,
			Hint: "How many messages before a mention at the top of a channel I read along, 0 to 50. 0: none.",
		},
		{
			Key: ImageModel, Label: "Picture model", Kind: Choice, Levels: everywhere, Default: "gpt-image-2",
			options: func(m Models, _ Ability) []Option { return named(m.Pictures()) },
			alias: func(v string, m Models, _ Ability) string {
				if next := m.Ability(v).Name; slices.Contains(m.Pictures(), next) {
					return next
				}
				return ""
			},
		},
		{
			Key: ImageSize, Label: "Picture size", Kind: Choice, Levels: everywhere, Default: "auto",
			options: fixed(Option{"auto", "As it fits", ""}, Option{"1024x1024", "Square", "1024 × 1024"},
				Option{"1024x1536", "Portrait", "1024 × 1536"}, Option{"1536x1024", "Landscape", "1536 × 1024"}),
			alias: renamed("1792x1024", "1536x1024", "1024x1792", "1024x1536", "512x512", "1024x1024", "256x256", "1024x1024"),
		},
		{
			Key: ImageQuality, Label: "Picture quality", Kind: Choice, Levels: everywhere, Default: "auto",
			options: fixed(Option{"auto", "As it fits", ""}, Option{"low", "Low", "Fast"}, Option{"medium", "Medium", ""}, Option{"high", "High", "Slow"}),
			alias:   renamed("hd", "high", "standard", "medium"),
		},
		{
			Key: ImageBackground, Label: "Picture background", Kind: Choice, Levels: everywhere, Default: "auto",
			options: fixed(Option{"auto", "As it fits", ""}, Option{"opaque", "Opaque", ""}, Option{"transparent", "Transparent", ""}),
		},
		{
			Key: VisionDetail, Label: "Looking at pictures", Kind: Choice, Levels: everywhere, Default: "auto",
			options: fixed(Option{"auto", "As it fits", ""}, Option{"low", "At a glance", "Fast"}, Option{"high", "Closely", "Slower"}),
		},
	}
}

func fixed(options ...Option) func(Models, Ability) []Option {
	return func(Models, Ability) []Option { return options }
}

func named(names []string) []Option {
	options := make([]Option, len(names))
	for i, n := range names {
		options[i] = Option{Value: n, Label: n}
	}
	return options
}

// renamed reads pairs of an older value and the one that stands for it now.
func renamed(pairs ...string) func(string, Models, Ability) string {
	return func(v string, _ Models, _ Ability) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == strings.ToLower(v) {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func modelAlias(v string, m Models, _ Ability) string {
	if next := m.Ability(v).Name; slices.Contains(m.Names(), next) {
		return next
	}
	return ""
}

func effortOptions(a Ability) []Option {
	all := map[string]Option{
		"none":    {"none", "None", "Answers at once"},
		"minimal": {"minimal", "Minimal", "Fastest"},
		"low":     {"low", "Low", "Fast"},
		"medium":  {"medium", "Medium", "Balanced"},
		"high":    {"high", "High", "Thorough"},
		"xhigh":   {"xhigh", "Very high", "Slow"},
		"max":     {"max", "Highest", "Slowest"},
	}
	var options []Option
	for _, e := range a.Efforts {
		if o, ok := all[e]; ok {
			options = append(options, o)
		}
	}
	return options
}

// Older is the field under a name that the older bot's database, modal or threads had;
// false for one that has no field here.
func Older(name string) (Key, bool) {
	switch name {
	case "enable_web_search":
		return WebSearch, true
	case "enable_streaming", "slack_streaming":
		return Streaming, true
	}
	f, ok := Lookup(Key(name))
	return f.Key, ok
}
