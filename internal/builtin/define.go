package builtin

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"holdfast/internal/tool"
)

// defined is a tool whose arguments are a struct.
type defined[A any] struct {
	spec tool.Spec
	run  func(ctx context.Context, args A, c tool.Call) (tool.Result, error)
}

func (d defined[A]) Spec() tool.Spec { return d.spec }

func (d defined[A]) Run(ctx context.Context, c tool.Call) (tool.Result, error) {
	args, err := read[A](c.Args)
	if err != nil {
		return tool.Result{}, tool.Refuse("The arguments do not fit this tool: %v", err)
	}
	return d.run(ctx, args, c)
}

func read[A any](raw json.RawMessage) (args A, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(&args)
	return args, err
}

// titled makes a title of a call's arguments.
func titled[A any](title func(A) string) func(json.RawMessage) string {
	return func(raw json.RawMessage) string {
		args, err := read[A](raw)
		if err != nil {
			return ""
		}
		return title(args)
	}
}

// prose is a description without the line breaks of its file.
func prose(text string) string {
	var paragraphs []string
	for _, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		paragraphs = append(paragraphs, strings.Join(strings.Fields(p), " "))
	}
	return strings.Join(paragraphs, "\n")
}

// short is words for a card.
func short(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// at is the value of an optional number, from 0 on.
func at(n *int) int {
	if n == nil {
		return 0
	}
	return max(*n, 0)
}

// goesOn says how to read on.
func goesOn(next int) string {
	if next == 0 {
		return ""
	}
	return fmt.Sprintf("\n[It goes on. To read on, call again with from=%d.]", next)
}
