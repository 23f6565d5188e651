package ui

import (
	"embed"
	"io/fs"
)

// Policy is the Content-Security-Policy that the page is written for. The server
// should send it with every file of Page; index.html repeats it in a meta tag, less
// frame-ancestors, which browsers take from the header only.
const Policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var files embed.FS

// Page returns the files of the page, index.html at the root. Embedded files have no
// modification time, so serve them with "Cache-Control: no-cache" and the browser
// never shows an older build.
func Page() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic("ui: the embedded folder page is missing: " + err.Error()) // cannot happen: go:embed checks it
	}
	return page
}
