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
	names []string // to choose from
}

// modelsOf knows the models of the endpoint. Where others than OpenAI give the names,
// there is the operator's list alone.
func modelsOf(c config.Config, has openai.Capabilities) models {
	u, err := url.Parse(c.OpenAIBaseURL)
	host := ""
	if err == nil {
		host = strings.ToLower(u.Hostname())
	}
	m := models{has: has, table: has == openai.Full() && host != "azure.com" && !strings.HasSuffix(host, ".azure.com")}
	names := c.Models
	if len(names) == 0 && m.table {
		names = openai.Names(false)
	}
	own := m.Ability(c.Model).Name
	if !slices.Contains(names, own) {
		names = append([]string{own}, names...)
	}
	m.names = names
	return m
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
	if mistake, ok := errors.AsType[*settings.Mistake](err); ok {
		for _, o := range list {
			if o.key == mistake.Key {
				return nil, &SetupError{Say: fmt.Sprintf("%s: %q: %s", o.name, o.value, mistake.Say)}
			}
		}
	}
	return made, err
}
