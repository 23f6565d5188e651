package modelsim

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// memory is what a compaction item carries over: the user's texts.
type memory struct {
	Users []string `json:"users"` // the newest of them, shortened
	Count int      `json:"count"`
}

// compact makes the encrypted_content of a compaction item. As with reasoning, a
// MAC lets a changed one be found out, and the seed is the key.
func (s *Sim) compact(r *request) string {
	users := r.earlier
	if r.userCount > 0 {
		users = append(slices.Clip(users), r.lastUser)
	}
	m := memory{Count: r.userCount}
	for _, u := range users[max(0, len(users)-20):] {
		m.Users = append(m.Users, clip(u, 500))
	}
	b := appendJSON(nil, m)
	return "gAAAAAc" + base64.RawURLEncoding.EncodeToString(append(s.mac("compaction\x00"+string(b)), b...))
}

// openCompaction reads a compaction item, without checking it.
func openCompaction(sealed string) (mac, content []byte, m memory, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(sealed, "gAAAAAc"))
	if err != nil || len(b) < 32 || json.Unmarshal(b[32:], &m) != nil {
		return nil, nil, memory{}, false
	}
	return b[:32], b[32:], m, true
}

func (s *Sim) knowsCompaction(sealed string) bool {
	mac, content, _, ok := openCompaction(sealed)
	return ok && hmac.Equal(mac, s.mac("compaction\x00"+string(content)))
}

// afterCompaction drops what stands before the latest compaction item.
func afterCompaction(items []inputItem) []inputItem {
	for i, it := range slices.Backward(items) {
		if it.Type == "compaction" {
			return items[i:]
		}
	}
	return items
}

// checkCompaction reads context_management.
func (r *request) checkCompaction() *apiError {
	if !isSet(r.ContextManagement) {
		return nil
	}
	var list []struct {
		Type      string `json:"type"`
		Threshold *int   `json:"compact_threshold"`
	}
	if json.Unmarshal(r.ContextManagement, &list) != nil || len(list) == 0 {
		return badRequest("invalid_type", "context_management", "Invalid type for 'context_management': expected an array of objects.")
	}
	for _, one := range list {
		if err := oneOf("context_management[0].type", one.Type, "compaction"); err != nil {
			return err
		}
		if one.Threshold != nil {
			if *one.Threshold < 1000 {
				return badRequest("integer_below_min_value", "context_management[0].compact_threshold", "Invalid 'context_management[0].compact_threshold': integer below minimum value. Expected a value >= 1000.")
			}
			r.compactAt = *one.Threshold
		}
	}
	return nil
}

// compacts says whether the answer starts with a compaction.
func (r *request) compacts() bool {
	return r.compactAt > 0 && r.tokens() > r.compactAt || slices.ContainsFunc(r.items, func(it inputItem) bool { return it.Type == "compaction_trigger" })
}

// compactNow is POST /v1/responses/compact.
func (p *reply) compactNow() {
	req, bad := p.readRequest()
	if req == nil {
		return
	}
	p.guarded(req, func() {
		known := strings.Fields("model input instructions previous_response_id prompt_cache_key prompt_cache_options prompt_cache_retention service_tier")
		for _, name := range slices.Sorted(maps.Keys(req.fields)) {
			if !slices.Contains(known, name) && bad == nil {
				bad = unknownParameter(name)
			}
		}
		if bad == nil {
			bad = p.sim.accept(req)
		}
		if bad != nil {
			p.refuse(bad)
			return
		}
		if sleep(p.ctx, p.timing.Work) != nil {
			return
		}
		// OpenAI: the user's messages stay, the rest becomes one compaction item.
		output := []json.RawMessage{}
		for _, it := range slices.Concat(req.prior, req.items) {
			if it.Type == "message" && it.Role == "user" {
				output = append(output, p.sim.withID(it))
			}
		}
		output = append(output, appendObject(nil, []field{{"id", p.sim.newID("cmp_")}, {"type", "compaction"}, {"encrypted_content", p.sim.compact(req)}}))
		u := &usage{InputTokens: req.tokens(), OutputTokens: 64}
		u.TotalTokens = u.InputTokens + u.OutputTokens
		p.json(200, []field{{"id", p.sim.newID("resp_")}, {"object", "response.compaction"}, {"created_at", int(p.sim.now().Unix())}, {"output", output}, {"usage", u}})
	})
}
