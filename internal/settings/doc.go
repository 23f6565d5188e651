// Package settings is what people may choose: one list of fields, where each may be
// set, what is taken, and what comes out when all scopes are put together.
//
// The scopes, each above the one before it: the operator's configuration, the person,
// the channel, the thread.
//
// # Guarantees
//
//  1. There is one list, [Fields]: the modal, the check, the store and the request all
//     go by it.
//  2. What is stored breaks nothing: a value that cannot be read, or is not among the
//     choices any more, counts as not set; a model that is gone is read as its
//     successor, an effort that the model has not as the nearest that it has. Each
//     such case is told in [Setting.Note], and the value is kept as it was stored.
//  3. [Settings.Effective] reads the store once. If that fails, its values are the
//     operator's, and whole, beside the error.
//  4. Saves of different fields do not undo each other; one that comes twice, by its
//     key, is applied once; an older one does not undo a newer one.
//
// It imports chat. What models can do is told by [Models], which app joins to openai.
package settings
