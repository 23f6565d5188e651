package app

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/config"
	"holdfast/internal/openai"
	"holdfast/internal/settings"
)

// models tells settings what openai knows of models, at this endpoint.
type models struct {
	has   openai.Capabilities
	table bool     // it serves the models of OpenAI's own list, by their names there
	own   string   // the operator's
	names []string // to choose from
}

// modelsOf knows the models of the endpoint. served are those that it lists, none if it
// did not say.
func modelsOf(c config.Config, has openai.Capabilities, served []string) models {
	host := ""
	if u, err := url.Parse(c.OpenAIBaseURL); err == nil {
		host = strings.ToLower(u.Hostname())
	}
	azure := strings.HasSuffix(host, ".azure.com") // where deployments have names of their own, and are not listed
	m := models{has: has, table: has == openai.Full() && !azure}
	m.own = m.Ability(c.Model).Name
	switch {
	case len(c.Models) > 0:
		m.names = slices.Clone(c.Models)
	case m.table:
		m.names = openai.Names(false)
		if len(served) > 0 {
			m.names = slices.DeleteFunc(m.names, func(n string) bool { return !slices.Contains(served, n) })
		}
	case !azure && len(served) <= mostServed:
		m.names = slices.DeleteFunc(slices.Clone(served), speechless)
	}
	if !slices.Contains(m.names, m.own) {
		m.names = slices.Insert(m.names, 0, m.own)
	}
	return m
}

// mostServed is how many models people can choose among; a market of models needs the
// operator's list.
const mostServed = 90

// speechless tells by its name that a model answers nothing.
func speechless(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"embed", "rerank", "whisper", "tts", "moderation", "image", "dall-e", "transcribe"}, func(part string) bool {
		return strings.Contains(name, part)
	})
}

func (m models) Names() []string    { return m.names }
func (m models) Pictures() []string { return openai.Names(true) }

func (m models) Ability(name string) settings.Ability {
	known := openai.Lookup(name)
	a := settings.Ability{Name: name, Sampling: settings.Always, Verbosity: m.has.Verbosity, WebSearch: m.has.Search}
	if m.table && known.Known {
		a.Name = known.Name
	}
	if !m.has.Effort {
		return a
	}
	a.Efforts = known.Efforts
	switch {
	case !known.Known:
		a.Efforts = []string{"low", "medium", "high"} // what it refuses is left out
	case len(a.Efforts) == 0:
		a.Efforts, a.Sampling = []string{"low", "medium", "high"}, settings.Never
	case slices.Contains(a.Efforts, "none"):
		a.Sampling = settings.Unthought
	default:
		a.Sampling = settings.Never
	}
	return a
}

// choice is what the configuration says of one field.
type choice struct {
	key   settings.Key
	name  string // of the variable
	value string // empty: nothing
}

func choicesOf(c config.Config) []choice {
	flag := func(b *bool) string {
		if b == nil {
			return ""
		}
		return strconv.FormatBool(*b)
	}
	number := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'f', -1, 64)
	}
	return []choice{
		{settings.Model, "GPT_MODEL", c.Model},
		{settings.Effort, "DEFAULT_REASONING_EFFORT", c.Effort},
		{settings.Verbosity, "DEFAULT_VERBOSITY", c.Verbosity},
		{settings.Temperature, "DEFAULT_TEMPERATURE", number(c.Temperature)},
		{settings.TopP, "DEFAULT_TOP_P", number(c.TopP)},
		{settings.Length, "HOLDFAST_ANSWER_LENGTH", c.AnswerLength},
		{settings.Language, "HOLDFAST_LANGUAGE", c.Language},
		{settings.WebSearch, "ENABLE_WEB_SEARCH", flag(c.WebSearch)},
		{settings.Streaming, "ENABLE_STREAMING", flag(c.ShowStreaming())},
		{settings.LongAnswers, "HOLDFAST_LONG_ANSWERS", c.LongAnswers},
		{settings.Footer, "ENABLE_RESPONSE_FOOTER", flag(c.Footer)},
		{settings.Feedback, "ENABLE_FEEDBACK_BUTTONS", flag(c.Feedback)},
		{settings.FollowUp, "HOLDFAST_FOLLOW_UP", c.FollowUp},
		{settings.Midturn, "HOLDFAST_MIDTURN", c.Midturn},
		{settings.ChannelContext, "HOLDFAST_CHANNEL_CONTEXT", c.ChannelContext},
		{settings.ImageModel, "GPT_IMAGE_MODEL", c.ImageModel},
		{settings.ImageSize, "DEFAULT_IMAGE_SIZE", c.ImageSize},
		{settings.ImageQuality, "DEFAULT_IMAGE_QUALITY", c.ImageQuality},
		{settings.ImageBackground, "DEFAULT_IMAGE_BACKGROUND", c.ImageBackground},
		{settings.VisionDetail, "DEFAULT_DETAIL_LEVEL", c.VisionDetail},
	}
}

// settingsOf makes the settings over a store, with the operator's level from the
// configuration.
func settingsOf(c config.Config, s settings.Store, m settings.Models) (*settings.Settings, error) {
	list := choicesOf(c)
	operator := map[settings.Key]string{}
	for _, o := range list {
		operator[o.key] = o.value
	}
	made, err := settings.New(s, m, operator)
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return made, err
	}
	var lines []string
	for _, err := range joined.Unwrap() {
		mistake, ok := errors.AsType[*settings.Mistake](err)
		i := slices.IndexFunc(list, func(o choice) bool { return ok && o.key == mistake.Key })
		if i < 0 {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("%s: %q: %s", list[i].name, list[i].value, mistake.Say))
	}
	return nil, &SetupError{Say: strings.Join(lines, "\n")}
}
