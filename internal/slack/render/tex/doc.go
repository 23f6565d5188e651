// Package tex reads LaTeX mathematics as plain Unicode text: \frac{a}{b} as a/b, x_1^2 as
// x₁², \sum as ∑. It is for places that cannot set formulas, such as a Slack message.
//
// # Guarantees
//
//  1. Readable. What Unicode has a sign for becomes that sign; what it has none for is
//     written in words or with ^ and _, in parentheses where they are needed.
//  2. Nothing lost. Every letter and digit of the formula is in the text, whatever the
//     commands around it; an unknown command is shown by its name. Only layout goes
//     (\left, \displaystyle, \label).
//  3. Any input makes a text, in time that grows with its length; what is nested deeper than
//     24 groups is shown as it is written.
//
// # Not guaranteed
//
// That the text can be read back. Packages beyond amsmath, amssymb and the simple part of
// mhchem are not known, and macros are not defined.
//
// slack/render imports it; it imports no other package of this module.
package tex
