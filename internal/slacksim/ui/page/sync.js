import * as api from './api.js';

const TYPES = ['message', 'deleted', 'session', 'ephemeral', 'channel', 'user', 'envelope', 'call', 'socket', 'file', 'file_deleted', 'canvas', 'viewing', 'interaction', 'ephemeral_deleted', 'view', 'view_closed', 'home', 'app', 'assistant', 'sandbox', 'fault', 'faults'];

// follow keeps the store equal to the server for as long as the page lives: the whole
// state once, then events. EventSource reconnects by itself with Last-Event-ID; when
// the server has forgotten that far back it sends `reset`, and when it is gone for
// good the stream closes. Both start again from the whole state.
export function follow(store) {
  let source = null;
  let wait = 500;

  async function start() {
    source?.close();
    let state;
    try {
      state = await api.state();
    } catch (err) {
      store.setLink('lost');
      setTimeout(start, wait);
      wait = Math.min(wait * 2, 8000);
      return;
    }
    store.load(state);
    listen(state.seq || 0);
  }

  function listen(seq) {
    const own = source = new EventSource('/sim/events?after=' + seq);
    own.onopen = () => { wait = 500; store.setLink('live'); };
    own.onerror = () => {
      if (own !== source) return;
      store.setLink('lost');
      if (own.readyState === EventSource.CLOSED) {
        setTimeout(() => { if (own === source) start(); }, wait);
        wait = Math.min(wait * 2, 8000);
      }
    };
    for (const type of TYPES) {
      own.addEventListener(type, (event) => {
        if (own !== source) return;
        store.apply(type, JSON.parse(event.data));
      });
    }
    own.addEventListener('reset', () => { if (own === source) start(); });
  }

  return start();
}

// loadJournal fetches what happened before the page was opened.
export async function loadJournal(store) {
  const [envelopes, calls] = await Promise.all([api.envelopes(), api.calls()]);
  store.addJournal('envelopes', list(envelopes, 'envelopes').slice(-1000));
  store.addJournal('calls', list(calls, 'calls').slice(-1000));
}

const list = (data, name) => (Array.isArray(data) ? data : data[name] || data.items || []);
