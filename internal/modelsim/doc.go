// Package modelsim is a simulated model provider: a real HTTP server that
// speaks OpenAI's Responses API, strict about what it accepts and true on the
// wire. It ships as the sandbox's model when no key is given, and tests and load
// runs stand on it. What it says is scripted by rules (Sim.AddRule, POST
// /_sim/rules) or, one request at a time, by a directive in the prompt:
//
//	[[sim shape=S4 fault=F6 after=12 for=30s ttft=2s]] what is the weather?
//
// # Guarantees
//
//  1. The same Options.Seed and the same requests in the same order get the same
//     ids and texts.
//  2. An unscripted answer starts with the line "You said: " and the newest user
//     text, so an answer can be tied to its question (not in demo mode).
//  3. Every stream event that is not altered by a dialect or a fault decodes with
//     OpenAI's own Go SDK, and sequence_number counts from 0 without a gap.
//  4. A request that OpenAI would refuse is refused, with its status, code and
//     param: unknown fields, unanswered tool calls, changed encrypted reasoning,
//     open schemas in strict mode and the like.
//  5. Faults happen on the wire: a reset is a RST, a cut is half a chunk.
//  6. A foreground response ends with its client's connection, and is recorded as
//     cancelled. A background response goes on, and its events can be read again
//     from any number on, live, by several readers.
//  7. After Sim.Close returns no handler and no goroutine of the package runs.
//  8. An idle stream costs no CPU: it waits on one timer.
//  9. Start listens on loopback alone.
//
// # Not guaranteed
//
// Answers make no sense. Conversations, images, files, code interpreter, file
// search, MCP, moderation and compaction are not served. Token counts are bytes
// divided by four. Responses are kept in memory only.
//
// Anything may import it but the core; it imports nothing of this module.
package modelsim
