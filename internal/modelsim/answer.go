package modelsim

import (
	"strconv"
	"strings"
)

// script decides what an accepted request is answered with.
func (s *Sim) script(req *request, pl *plan) script {
	rule := Rule{}
	expand := func(text string) string { return fillIn(text, req) }
	if pl.answer != nil {
		rule = pl.answer.Rule
		if re := pl.answer.re; re != nil {
			groups := re.FindStringSubmatchIndex(req.lastUser)
			expand = func(text string) string {
				return fillIn(string(re.ExpandString(nil, text, req.lastUser, groups)), req)
			}
		}
	}
	if rule.Items != nil {
		pl.shape = "items"
		sc := script{}
		for _, it := range rule.Items {
			it.Text, it.Arguments = expand(it.Text), expand(it.Arguments)
			sc.items = append(sc.items, it)
		}
		return sc
	}
	b := brief{req: req, text: expand(rule.Text), tool: rule.Tool, args: expand(rule.Arguments)}
	if rule.Text == "" {
		switch {
		case req.Text.Format != nil && req.Text.Format.Type != "text":
			b.text = structured(req)
		case s.opt.Demo && rule.Shape == "":
			pl.shape = "demo"
			return demo(req)
		case s.opt.Answer != nil:
			b.text = s.opt.Answer(req.said())
		default:
			b.text = answerText(s.opt.Seed, req)
		}
	}
	name := rule.Shape
	if name == "" {
		name = "S1"
		if pl.answer == nil {
			name = unasked(req)
		}
	}
	sh, ok := findShape(name)
	if !ok {
		panic("modelsim: a compiled rule has the unknown shape " + name)
	}
	pl.shape = sh.name
	return sh.make(b)
}

// unasked is the shape of an answer that no rule asks for: plain text, unless
// the request wants a tool to be called or has an approval in it.
func unasked(req *request) string {
	mode, _ := req.choice()
	switch {
	case len(req.approvals) > 0:
		return "S13"
	case len(req.toolOutputs) > 0:
		return "S1"
	case mode == "function":
		return "S3"
	case mode != "required":
		return orDefault(hostedShape(req, mode), "S1")
	}
	for _, t := range req.tools {
		if t.Type == "function" {
			return "S3"
		}
	}
	for _, t := range req.tools {
		if shape := hostedShape(req, t.Type); shape != "" {
			return shape
		}
	}
	return "S3"
}

// fillIn replaces the templates of a rule's text.
func fillIn(text string, req *request) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	tool := ""
	if n := len(req.toolOutputs); n > 0 {
		tool = req.toolOutputs[n-1].text
	}
	return strings.NewReplacer("{{last}}", req.lastUser, "{{count}}", strconv.Itoa(req.userCount), "{{tool}}", tool).Replace(text)
}
