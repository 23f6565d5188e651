import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { NumberField, Problem, Switch, TextField } from './fields.js';
import { useRemote } from './control_api.js';

// The settings people change most, by name; the others are there as JSON. What this
// server does not have is left out.
const GROUPS = [
  ['The app', [['agent', 'Declared an agent'], ['assistant_view', 'The older assistant view'], ['home_tab', 'Home tab'], ['non_marketplace', 'Not in the Marketplace (slow history)']]],
  ['Slack is strict', [['split_text', 'Long posts become several messages'], ['recipient_in_dm', 'Streams in DMs need their recipient'], ['stream_without_thread', 'Streams need no thread'], ['json_reads', 'Reading methods take JSON']]],
  ['Streams and sessions', [['stream_ttl_ms', 'Life of a stream', 'ms'], ['stream_chars', 'Characters of a stream', ''], ['session_ttl_ms', 'Working falls back after', 'ms']]],
  ['Events', [['ack_timeout_ms', 'Acknowledged within', 'ms'], ['queue_when_down', 'Events wait while nobody is connected'], ['ack_any_connection', 'Acks count on any connection'], ['ping_ms', 'Ping every', 'ms'], ['connection_ms', 'Life of a connection', 'ms'], ['max_connections', 'Connections at most', '']]],
  ['People who click', [['trigger_ms', 'Life of a trigger', 'ms'], ['interaction_ms', 'Answer within', 'ms']]],
  ['HTTP instead of Socket Mode', [['events_url', 'Events to'], ['interactivity_url', 'Interactions to'], ['signing_secret', 'Signing secret']]],
];
const TOKENS = ['live', 'revoked', 'expired', 'inactive'];
const NAMED = new Set([...GROUPS.flatMap(([, list]) => list.map(([name]) => name)), 'token_state']);

export function Settings() {
  const { value: v, error, set } = useRemote('settings');
  if (!v) return html`<${Problem} text=${error} />`;
  const field = ([name, label, unit]) => {
    const at = { key: name, label, value: v[name], set: (x) => set({ [name]: x }) };
    if (typeof v[name] === 'boolean') return html`<${Switch} key=${name} label=${label} on=${v[name]} set=${at.set} />`;
    if (typeof v[name] === 'number') return html`<${NumberField} ...${at} unit=${unit} />`;
    if (typeof v[name] === 'string') return html`<${TextField} ...${at} placeholder="http://127.0.0.1:…" />`;
    return null;
  };
  const rest = Object.fromEntries(Object.entries(v).filter(([name]) => !NAMED.has(name)));
  return html`<${Problem} text=${error} />
    ${GROUPS.map(([title, list]) => [title, list.filter(([name]) => name in v)]).filter(([, list]) => list.length).map(([title, list]) => html`<fieldset key=${title}><legend>${title}</legend>${list.map(field)}</fieldset>`)}
    ${v.token_state ? html`<label class="row-field wide"><span>The bot token is</span><select value=${v.token_state} onChange=${(e) => set({ token_state: e.target.value })}>${TOKENS.map((t) => html`<option key=${t}>${t}</option>`)}</select></label>` : null}
    <${Rest} value=${rest} set=${set} />`;
}

function Rest({ value, set }) {
  const whole = JSON.stringify(value, null, 2);
  const [text, setText] = useState(whole);
  const [wrong, setWrong] = useState('');
  const known = useRef([whole]);      // texts that may give way to what the server has; others are being written
  useEffect(() => {
    setText((now) => (known.current.includes(now) ? whole : now));
    known.current = [whole];
  }, [whole]);
  const apply = async () => {
    let next;
    try {
      next = JSON.parse(text);
    } catch (err) {
      return setWrong('This is not JSON: ' + err.message);
    }
    setWrong('');
    known.current.push(text);
    const changed = Object.fromEntries(Object.entries(next).filter(([k, x]) => JSON.stringify(x) !== JSON.stringify(value[k])));
    if (Object.keys(changed).length) await set(changed);
  };
  return html`<label class="field"><span>Everything else</span><textarea class="boxed mono" rows="8" spellcheck="false" value=${text} onInput=${(e) => setText(e.target.value)}></textarea></label>
    <${Problem} text=${wrong} />
    <div class="buttons"><button type="button" class="button" disabled=${text === whole} onClick=${apply}>Apply</button><button type="button" class="quietbutton" disabled=${text === whole} onClick=${() => { setText(whole); setWrong(''); }}>Undo</button></div>`;
}
