// Package assistant is the product itself: it turns a conversation into a
// request for the model.
//
// # Guarantees
//
//  1. [Assistant.Brief] calls no model, but for one case: a conversation that does not
//     fit and that no summary stands for. Then it waits at most 40 s for one, with a sign
//     of life, and does without if there is none.
//  2. History that Slack cannot give now is not taken as empty: the error says
//     so, and the turn is tried again.
//  3. A person whose profile cannot be read is named by id, and is answered as a
//     member is; nothing else is lost.
//  4. The settings are read once for a brief. If that fails or takes more than two
//     seconds, the operator's count, and the log says so.
//  5. What people set themselves is given to the model as a person's wish, never among
//     the instructions.
//  6. [Assistant.Admit] reads a profile only where the operator's rules hang on it, and
//     waits less than a second for it.
//  7. What was deleted is in no summary: a summary goes with any change of a message that
//     it covers, in the same transaction, and one that was being made is not kept.
//  8. [Assistant.Run] makes summaries after turns; it holds up no answer.
package assistant
