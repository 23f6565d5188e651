// Package modelsim is a simulated model provider: a real HTTP server that
// speaks OpenAI's Responses API, chat completions, images, files, containers
// and moderations, strict about what it accepts and true on the wire. It ships
// as the sandbox's model when no key is given, and tests and load runs stand on
// it. What it says is scripted by rules (Sim.AddRule, POST /_sim/rules) or, one
// request at a time, by a directive in the prompt:
//
//	[[sim shape=S4 fault=F6 after=12 for=30s ttft=2s]] what is the weather?
//
// # Guarantees
//
//  1. The same Options.Seed and the same requests in the same order get the same
//     ids, texts and pictures.
//  2. An unscripted answer starts with the line "You said: " and the newest user
//     text, so an answer can be tied to its question (not in demo mode).
//  3. Every stream event that is not altered by a dialect or a fault decodes with
//     OpenAI's own Go SDK, and sequence_number counts from 0 without a gap. A
//     response begins with response.created, also in the background.
//  4. A request that OpenAI would refuse is refused, with its status, code and
//     param: unknown fields, unanswered tool calls, changed encrypted reasoning,
//     open schemas in strict mode, bytes that are not what they are said to be,
//     URLs that OpenAI could not fetch and the like.
//  5. Faults happen on the wire: a reset is a RST, a cut is half a chunk, a
//     blackhole (on Linux) answers no SYN.
//  6. A foreground response ends with its client's connection, and is recorded as
//     cancelled. A background response goes on, and its events can be read again
//     from any number on, live, by several readers.
//  7. After Sim.Close returns no handler and no goroutine of the package runs.
//  8. An idle stream costs no CPU: it waits on one timer.
//  9. Start listens on loopback alone.
//  10. Pictures are real: PNG, JPEG, lossless WebP, GIF or SVG of the asked size
//     with the prompt written on them; an edit shows the given picture, tinted
//     where its mask allows.
//  11. Files that code has left can be fetched until their container has been
//     idle for 20 minutes, and not after.
//  12. A Sim that loads what another one saved answers for its stored responses,
//     files and containers, with the same Seed also for its sealed items.
//
// # Not guaranteed
//
// Answers make no sense. Nothing is executed, searched, fetched or connected to:
// code is never run, an ordinary URL is believed, a remote MCP server has made-up
// tools. Conversations, vector stores, prompts, audio and the WebSocket are not
// served; file search looks at uploads instead of vector stores. A WebP that is
// given to be edited counts as an even gray of its size, and output_compression
// does nothing to a WebP. Log probabilities are accepted and not made. Token
// counts are bytes divided by four, a thousand for a picture. Everything is kept
// in memory, unless Sim.Save writes it; uploads over 64 MiB are refused. How a
// blocked inline moderation ends is our guess.
//
// Anything may import it but the core; it imports nothing of this module.
package modelsim
