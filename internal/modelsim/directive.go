package modelsim

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Directives lets anybody who can write to the assistant script one answer:
//
//	[[sim shape=S4 fault=F6 after=12 for=30s ttft=2s]] what is the weather?
//
// The same words go into the request header X-Sim. Directive names
// the keys.
const directivePattern = `\[\[sim\b([^\]]*)\]\]`

// Directive is what one [[sim …]] asks for. Its keys are: shape, tool, args,
// text; fault, after, for, every, variant, status, code, type, message, param,
// retry_after, should_retry; skip, first, nth, p, from, until; ttfb, ttft, think, work, tps,
// chunk, ping; dialect. Values with spaces are quoted.
type Directive struct {
	Rule
}

// findDirective returns the last directive in text, nil if there is none, and an
// error that says what cannot be understood.
func findDirective(re *regexp.Regexp, text string) (*Directive, error) {
	found := re.FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		return nil, nil
	}
	d, err := ParseDirective(found[len(found)-1][1])
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// ParseDirective reads the words between "[[sim" and "]]".
func ParseDirective(words string) (Directive, error) {
	var d Directive
	var f Fault
	var t Timing
	var timed bool
	pairs, err := splitPairs(words)
	if err != nil {
		return d, err
	}
	for _, kv := range pairs {
		key, value := kv[0], kv[1]
		timed = timed || strings.Contains(" ttfb ttft think work tps chunk ping ", " "+key+" ")
		var err error
		switch key {
		case "shape":
			d.Shape = value
		case "tool":
			d.Tool = value
		case "args":
			d.Arguments = value
		case "text":
			d.Text = value
		case "fault":
			f.Kind = FaultKind(value)
		case "after":
			f.After, err = strconv.Atoi(value)
		case "for":
			f.For, err = parseSpan(value)
		case "every":
			f.Every, err = parseSpan(value)
		case "variant":
			f.Variant = value
		case "status":
			f.Status, err = strconv.Atoi(value)
		case "code":
			f.Code = value
		case "type":
			f.Type = value
		case "message":
			f.Message = value
		case "param":
			f.Param = value
		case "retry_after":
			f.RetryAfter = value
		case "should_retry":
			f.ShouldRetry = value
		case "skip":
			d.Skip, err = strconv.Atoi(value)
		case "first":
			d.First, err = strconv.Atoi(value)
		case "nth":
			d.Nth, err = strconv.Atoi(value)
		case "p":
			d.Probability, err = strconv.ParseFloat(value, 64)
		case "from":
			d.From, err = parseSpan(value)
		case "until":
			d.Until, err = parseSpan(value)
		case "ttfb":
			t.Headers, err = parseSpan(value)
		case "ttft":
			t.FirstToken, err = parseSpan(value)
		case "think":
			t.Think, err = parseSpan(value)
		case "work":
			t.Work, err = parseSpan(value)
		case "ping":
			t.Ping, err = parseSpan(value)
		case "tps":
			t.TokensPerSecond, err = strconv.ParseFloat(value, 64)
		case "chunk":
			t.Chunk, err = strconv.Atoi(value)
		case "dialect":
			var di Dialect
			di, err = ParseDialect(value)
			d.Dialect = &di
		default:
			return d, fmt.Errorf("sim directive: unknown key %q", key)
		}
		if err != nil {
			return d, fmt.Errorf("sim directive: %s=%s: %w", key, value, err)
		}
	}
	if timed {
		d.Timing = &t
	}
	if f.Kind != "" {
		d.Fault = &f
	} else if f != (Fault{}) {
		return d, errors.New("sim directive: it describes a fault but names none, add fault=F6 or another")
	}
	c, err := compileRule(d.Rule)
	if err != nil {
		return d, fmt.Errorf("sim directive: %w", err)
	}
	d.Rule = c.Rule
	return d, nil
}

// splitPairs reads key=value and key="two words".
func splitPairs(words string) ([][2]string, error) {
	var out [][2]string
	for {
		words = strings.TrimLeft(words, " \t\r\n")
		if words == "" {
			return out, nil
		}
		key, rest, ok := strings.Cut(words, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \t\r\n\"") {
			return nil, fmt.Errorf("sim directive: %q is not key=value", words)
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			if value, rest, ok = strings.Cut(rest[1:], `"`); !ok {
				return nil, fmt.Errorf("sim directive: the quote after %s= is not closed", key)
			}
		} else if i := strings.IndexAny(rest, " \t\r\n"); i >= 0 {
			value, rest = rest[:i], rest[i:]
		} else {
			value, rest = rest, ""
		}
		out = append(out, [2]string{key, value})
		words = rest
	}
}
