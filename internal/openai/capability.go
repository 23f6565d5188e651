package openai

import (
	"net/url"
	"strings"
)

// Capabilities say which parts of the Responses API an endpoint has. What it
// has not is left out of requests. Every endpoint is taken to have model, input,
// instructions, stream, store, max_output_tokens, temperature, top_p and function
// tools.
type Capabilities struct {
	Background bool // detached responses that can be resumed: GET with starting_after
	Developer  bool // the role "developer"; elsewhere "system" is sent
	Effort     bool // reasoning.effort
	Verbosity  bool // text.verbosity
	CacheKey   bool // prompt_cache_key
	SafetyID   bool // safety_identifier
	Metadata   bool
	Search     bool // the hosted tool web_search
	Include    bool // include: the reasoning comes back, encrypted, and goes along with what came of a call
}

// Full is all of the API, as OpenAI has it.
func Full() Capabilities {
	return Capabilities{
		Background: true, Developer: true, Effort: true, Verbosity: true,
		CacheKey: true, SafetyID: true, Metadata: true, Search: true, Include: true,
	}
}

// CapabilitiesOf is what the endpoint at a base URL is taken to have: all at
// OpenAI's and Azure's hosts, and only the common ground at any other, such as
// Ollama, llama.cpp, vLLM, LM Studio, LiteLLM or OpenRouter.
func CapabilitiesOf(base *url.URL) Capabilities {
	host := strings.ToLower(base.Hostname())
	for _, e := range []struct {
		host string // this one and those below it
		has  Capabilities
	}{
		{"api.openai.com", Full()}, // eu.api.openai.com and others: the same API, elsewhere
		{"openai.azure.com", Full()},
	} {
		if host == e.host || strings.HasSuffix(host, "."+e.host) {
			return e.has
		}
	}
	return Capabilities{}
}
