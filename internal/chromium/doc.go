// Package chromium drives a real browser for the tests of web pages, as a person with a
// mouse and a keyboard would: it acts on what can be seen, and waits for the rest.
//
// # Guarantees
//
//  1. Press clicks an element only once it is attached, has a size, is enabled, has stood
//     still for two frames and is what lies under the pointer. A click that falls beside
//     it, because the page moved meanwhile, reaches no handler of the page and is made again.
//  2. A click that the page itself swallows, by drawing the element anew between press and
//     release, fails the test: that is a defect of the page.
//  3. Before a press, a key or a look at the pointer the page has drawn, and run the
//     effects of, all that was done to it before.
//  4. Type gives the field the focus first, and makes sure that it has kept it.
//  5. Each wait takes Patience at the most and then says what it waited for and what the
//     page shows. A condition that cannot be asked yet, as an element is missing or the
//     page is being loaded, does not hold yet.
//  6. What the console complained of fails the test at its end.
//
// Tests import it; nothing of the product does.
package chromium
