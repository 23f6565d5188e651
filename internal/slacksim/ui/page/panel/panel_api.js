import { useCallback, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { post, request } from '../api.js';
import { useApp, useTopic } from '../hooks.js';
import { addFault, clearFaults, faults } from '../inspector/control_api.js';

// What the fault panel reads and does. The account and the assistant are the sandbox's,
// under /sandbox/; the model's rules are the scripted model's, under /model/rules.

export const messages = (state) => request('GET', '/sandbox/messages?state=' + state);
export const assistant = (action, afterMs = 0) => post('/sandbox/assistant', { action, after_ms: afterMs });
export const rules = async () => (await request('GET', '/model/rules')).rules;
export const armModel = (name, rule) => post('/model/rules', { id: name + '~' + (counter += 1) + '.' + Date.now().toString(36), ...rule });
export const armSlack = (note, fault) => addFault({ note, ...fault });
export const burst = (user, channel, text, count, ms) => post('/sim/burst', { user, channel, text, count, ms });

let counter = 0;

const EVERY = 600;           // ms between looks
const SAMPLES = 60;          // of the line

// usePanel looks again and again while the panel is shown: {account, model, armed,
// history, error, look}. armed is [{key, label, left, ends, clear}].
export function usePanel() {
  const { store } = useApp();
  useTopic(store, 'around', 'faults', 'people');
  const [seen, setSeen] = useState({ account: null, model: null, slack: [], rules: [], error: '' });
  const history = useRef([]);
  const soon = useRef(() => {});
  useEffect(() => {
    let timer = 0, over = false, looking = false, again = false;
    const read = async () => {
      const sandbox = store.around.sandbox;
      const [panel, slack, model] = await Promise.all([
        sandbox ? request('GET', '/sandbox/panel') : null, faults(), sandbox?.scripted ? rules() : [],
      ]);
      if (over) return;
      if (panel) history.current = [...history.current, panel.account.in_flight].slice(-SAMPLES);
      setSeen({ account: panel?.account || null, model: panel?.model || null, slack, rules: model.filter((r) => !r.spent), error: '' });
    };
    const look = async () => {
      if (looking) { again = true; return; }
      clearTimeout(timer);
      looking = true;
      try {
        await read();
      } catch (err) {
        if (!over) setSeen((now) => ({ ...now, error: err.message }));
      }
      looking = false;
      if (over) return;
      timer = setTimeout(look, again ? 0 : EVERY);
      again = false;
    };
    soon.current = look;
    look();
    const offs = ['faults', 'around'].map((topic) => store.on(topic, look));
    return () => { over = true; clearTimeout(timer); offs.forEach((off) => off()); };
  }, [store]);
  const look = useCallback(() => soon.current(), []);
  return { ...seen, history: history.current, look };
}

// disarm clears everything that is armed, in both simulators.
export async function disarm(scripted) {
  await Promise.all([clearFaults(''), scripted ? request('DELETE', '/model/rules') : null]);
}

export const disarmRule = (id) => request('DELETE', '/model/rules?id=' + encodeURIComponent(id)).catch(gone);
export const disarmFault = (id) => clearFaults(id).catch(gone);

// gone forgives what was used up meanwhile.
function gone(err) { if (err.status !== 404) throw err; }
