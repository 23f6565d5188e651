// Addresses: ?as=U1 says who I am, #/C1 where I am, #/C1/ts which thread is open,
// #/C1/ts/ts (or #/C1//ts) leads to one message, #/list is the list of channels on a phone.
// In the place of a thread may stand "sessions" or the id of a canvas (F…).

export function parse(hash) {
  const [, channel = '', thread = '', message = ''] = (hash || '').replace(/^#/, '').split('/').map(decode);
  return { channel, thread, message };
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

export function link(channel, thread, message) {
  const tail = message ? '/' + encodeURIComponent(thread || '') + '/' + encodeURIComponent(message) : thread ? '/' + encodeURIComponent(thread) : '';
  return '#/' + encodeURIComponent(channel) + tail;
}

export function go(channel, thread, message) {
  const hash = link(channel, thread, message);
  if (location.hash !== hash) location.hash = hash;
}

// replace goes somewhere without a step in the history.
export function replace(channel, thread) {
  history.replaceState(null, '', location.pathname + location.search + link(channel, thread));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export const asUser = () => new URLSearchParams(location.search).get('as') || '';

export function becomeUser(id) {
  const query = new URLSearchParams(location.search);
  query.set('as', id);
  history.replaceState(null, '', location.pathname + '?' + query + location.hash);
}

// address is a link to give away: it names no person, so each opens it as who they are.
export const address = (channel, thread, message) => location.origin + location.pathname + link(channel, thread, message);
