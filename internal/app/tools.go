package app

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"

	"holdfast/internal/builtin"
	"holdfast/internal/config"
	"holdfast/internal/document"
	"holdfast/internal/fetch"
	"holdfast/internal/openai"
	"holdfast/internal/picture"
	"holdfast/internal/tool"
)

// shelf is how many bytes of files that were read lately stay in memory.
const shelf = 128 << 20

// newReading is what reads files. It loads nothing before the first one.
func newReading(c config.Config, log *slog.Logger) *document.Reader {
	cache := filepath.Join(filepath.Dir(c.SQLitePath()), "cache")
	if c.Postgres() {
		cache = "" // without one it is compiled anew in each process
		if dir, err := os.UserCacheDir(); err == nil {
			cache = filepath.Join(dir, "holdfast")
		}
	}
	return document.New(document.Options{Cache: cache, Log: log})
}

// toolsOf is what the model may call. An endpoint that has only the common ground is
// offered nothing: models there often call badly.
func toolsOf(c config.Config, has openai.Capabilities, f files, docs *document.Reader) (*tool.Box, error) {
	if !has.Include {
		return nil, nil
	}
	var tools []tool.Tool
	if c.ReadFiles {
		tools = append(tools, builtin.File(f, docs, picture.New(picture.Options{}), shelf))
	}
	if c.ReadPages {
		var allow []netip.Prefix
		for _, p := range c.ReadNetworks {
			prefix, err := netip.ParsePrefix(p)
			if err != nil {
				return nil, &SetupError{Say: fmt.Sprintf("HOLDFAST_READ_NETWORKS: %q: want networks with commas between, such as 10.1.0.0/16", p)}
			}
			allow = append(allow, prefix)
		}
		tools = append(tools, builtin.Page(fetch.New(fetch.Options{Allow: allow, Agent: "Holdfast/" + version()}), docs))
	}
	if len(tools) == 0 {
		return nil, nil
	}
	box, err := tool.New(tool.Limits{}, tools...)
	if err != nil {
		return nil, fmt.Errorf("the tools: %w", err)
	}
	return box, nil
}
