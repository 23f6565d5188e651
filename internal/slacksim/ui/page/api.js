// What a person can do, as calls to the control API. Every function rejects with an
// Error whose message can be shown.

export async function request(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new Error('The sandbox does not answer. Is it still running?');
  }
  const text = await response.text();
  let data = {};
  try { data = text ? JSON.parse(text) : {}; } catch { /* not JSON: told below */ }
  if (!response.ok) throw Object.assign(new Error(data.message || data.error || `The sandbox answered with HTTP ${response.status}.`), { status: response.status, code: data.error || '', data });
  return data;
}

export const post = (path, body) => request('POST', path, body);

export const state = () => request('GET', '/sim/state');
export const envelopes = () => request('GET', '/sim/envelopes?after=0');
export const calls = () => request('GET', '/sim/calls?after=0');
export const send = (user, channel, text, threadTs, broadcast, files) =>
  post('/sim/messages', { user, channel, text, ...(threadTs && { thread_ts: threadTs }), ...(broadcast && { broadcast: true }), ...(files?.length && { files: files.map((id) => ({ id })) }) });
export const edit = (user, channel, ts, text) => post('/sim/messages/edit', { user, channel, ts, text });
export const remove = (user, channel, ts) => post('/sim/messages/delete', { user, channel, ts });
export const react = (user, channel, ts, name, remove) => post('/sim/reactions', { user, channel, ts, name, remove });
export const stop = (user, channel, threadTs) => post('/sim/stop', { user, channel, thread_ts: threadTs });
export const open = (user, channel) => post('/sim/open', { user, channel });
export const join = (user, channel) => post('/sim/join', { user, channel });
export const leave = (user, channel) => post('/sim/leave', { user, channel });
export const archive = (channel, back) => post('/sim/archive', { channel, ...(back && { remove: true }) });
export const createChannel = (name, members, isPrivate) => post('/sim/channels', { name, members, ...(isPrivate && { is_private: true }) });
export const createUser = (name, realName, tz) => post('/sim/users', { name, real_name: realName, tz });
export const createDm = (user, others) => post('/sim/dms', { user, with: others });
export const rename = (user, channel, threadTs, title) => post('/sim/rename', { user, channel, thread_ts: threadTs, title });
export const deleteFile = (user, file) => post('/sim/files/delete', { user, file });
