// Package telemetry is what the process tells its operator: for now, the log.
//
// # Guarantees
//
//  1. Nothing that looks like a token of Slack's or a key of a model's reaches
//     the log, in a message, a value or an error.
//  2. People's words are not logged, unless a caller puts them there by name;
//     none does.
package telemetry
