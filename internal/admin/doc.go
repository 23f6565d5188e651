// Package admin answers an operator's questions over HTTP: is the process
// alive, and can it do its work.
//
// # Guarantees
//
//  1. /healthz is 200 while the process runs.
//  2. /readyz is 200 only if every check passes; else 503, with one line of
//     reason for each that does not.
//     A look takes at most 2 s a check.
//  3. /metrics is what docs/metrics.md lists.
//  4. No page shows a secret or what people wrote.
package admin
