// Package fetch reads one address on the web that a person or the model named.
// Whoever names an address is a stranger, and so is whoever answers there.
//
// # Guarantees
//
//  1. No connection is made to an address outside the public internet, unless the
//     operator allowed its network: the check is on the resolved address of each
//     connection, so neither a redirect nor a name that changes its mind gets past.
//  2. Only http and https, on their usual ports. Names and passwords in an address
//     are refused rather than sent; no cookie, referrer or token is ever sent.
//  3. Every fetch ends within Options.Time, and holds at most Options.Bytes of the
//     body after decompression. Text that is longer is cut, and said to be; anything
//     else that is longer is refused.
//  4. At most Options.Redirects redirects are followed, each under the same rules,
//     and none from https to http.
//  5. An error says in one line what happened and what can be done, and holds no
//     query of the address: queries carry secrets.
//
// Not guaranteed: that the page is what a browser would show. No script is run.
//
// With Options.Proxy the proxy dials, and its rules decide where; the name is
// resolved and checked here before as well, which a name that changes its mind
// between the two would get past.
package fetch
