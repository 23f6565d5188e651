// Addresses: ?as=U1 says who I am, #/C1 where I am, #/C1/ts which thread is open,
// #/list is the list of channels on a phone.

export function parse(hash) {
  const [, channel = '', thread = ''] = (hash || '').replace(/^#/, '').split('/').map(decode);
  return { channel, thread };
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

export function link(channel, thread) {
  return '#/' + encodeURIComponent(channel) + (thread ? '/' + encodeURIComponent(thread) : '');
}

export function go(channel, thread) {
  const hash = link(channel, thread);
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
