import { post } from '../api.js';

// The calls of the control API by which people meet the app.

export const action = (body) => post('/sim/actions', body);
export const suggestions = (body) => post('/sim/suggestions', body);
export const submit = (user, view, state) => post('/sim/views/submit', { user, view_id: view, state });
export const close = (user, view, clear) => post('/sim/views/close', { user, view_id: view, ...(clear && { clear }) });
export const command = (user, channel, name, text, threadTs) =>
  post('/sim/commands', { user, channel, command: name, text, ...(threadTs && { thread_ts: threadTs }) });
export const shortcut = (user, callback, channel, ts) =>
  post('/sim/shortcuts', { user, callback_id: callback, ...(channel && { channel }), ...(ts && { ts }) });
export const openTab = (user, channel, tab) => post('/sim/open', { user, channel, tab });
