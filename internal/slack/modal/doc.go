// Package modal is the modal in which people change settings: it builds the view from
// the list of fields, and reads what comes back. It builds the Home tab, too. It keeps
// nothing and calls nobody.
//
// What a person has changed and not saved travels with the view: in Slack's state where
// the field is shown, in private_metadata where it is not.
//
// # Guarantees
//
//  1. Every view keeps to Slack's limits for modals, whatever is stored: at most 100
//     blocks, private_metadata under 3,000 characters, an initial option that is among
//     the options.
//  2. [Form.Changes] holds what the person changed in this view, and nothing else: a
//     field that they did not touch is not saved, also if somebody else has changed it
//     since, and also if it was moved to another scope by the picker.
//  3. A view that is built again for another model or scope keeps what was typed.
//  4. Ids name the scope and the set of options, so that Slack never keeps a choice that
//     is not there any more.
//  5. [Read] does not panic on any view.
//  6. Nothing that a person wrote is read as markup on the Home tab ([Home]).
//
// It imports chat, settings and home.
package modal
