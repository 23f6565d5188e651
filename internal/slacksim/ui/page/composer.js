import { html, useLayoutEffect, useMemo, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { encode, people } from './mentions.js';
import { Picker } from './picker.js';
import { load, save } from './prefs.js';
import { place as placeText, TextBox } from './textbox.js';

// Composer writes into a channel, or into a thread of it. What is not sent stays as a
// draft for this person and place.
export function Composer({ channel, threadTs, place, placeholder, up, above, focus, canBroadcast, sent }) {
  const { store, me, say } = useApp();
  useTopic(store, 'people');
  const draft = `draft.${me}.${channel.id}.${place}`;
  const [text, setText] = useState(() => load(draft, '') || '');
  const [picking, setPicking] = useState(false);
  const [broadcast, setBroadcast] = useState(false);
  const field = useRef(null), picked = useRef(new Map());
  const busy = useRef(false);   // one at a time: the second may belong into the thread that the first begins
  const everyone = useMemo(() => people(store, channel), [channel, store.version('people')]);

  const change = (next) => { setText(next); save(draft, next); };

  const submit = async () => {
    const typed = text.trim();
    if (!typed || busy.current) return;
    busy.current = true;
    change('');
    try {
      const made = await api.send(me, channel.id, encode(typed, everyone, picked.current), threadTs, broadcast);
      picked.current.clear();
      setBroadcast(false);
      sent?.(made);
    } catch (err) {
      setText((now) => { const back = now ? typed + '\n' + now : typed; save(draft, back); return back; });
      say('Not sent. ' + err.message);
    } finally {
      busy.current = false;
    }
  };

  const insert = (piece) => {
    const el = field.current;
    const at = el.selectionStart ?? text.length;
    const gap = at > 0 && !/\s/.test(text[at - 1]) ? ' ' : '';
    const next = text.slice(0, at) + gap + piece + text.slice(el.selectionEnd ?? at);
    placeText(el, next, at + gap.length + piece.length);
    el.dispatchEvent(new InputEvent('input', { bubbles: true }));   // as if typed: it changes the state and may offer people
  };

  useLayoutEffect(() => {
    if (focus && matchMedia('(min-width: 641px)').matches) field.current.focus({ preventScroll: true });
  }, [focus]);

  return html`<div class="composer">
    ${above}
    <div class="composer-box" onClick=${(e) => { if (e.target === e.currentTarget) field.current.focus(); }}>
      <${TextBox} field=${field} value=${text} change=${change} submit=${submit} up=${up} everyone=${everyone} picked=${picked.current} placeholder=${placeholder} label=${placeholder} />
      <div class="composer-tools">
        <button type="button" class="tool" title="Mention somebody" aria-label="Mention somebody" onClick=${() => insert('@')}><${Icon} name="at" /></button>
        <button type="button" class="tool" title="Emoji" aria-label="Emoji" aria-expanded=${picking} onClick=${() => setPicking(!picking)}><${Icon} name="smile" /></button>
        ${canBroadcast ? html`<label class="check"><input type="checkbox" checked=${broadcast} onChange=${(e) => setBroadcast(e.target.checked)} /><span>Also send to #${channel.name}</span></label>` : null}
        <span class="end">${canBroadcast ? null : html`<span class="composer-hint quiet">Shift + Enter for a new line</span>`}
          <button type="button" class="send" title="Send" aria-label="Send" disabled=${!text.trim()} onClick=${submit}><${Icon} name="send" /></button></span>
      </div>
      ${picking ? html`<${Picker} close=${() => setPicking(false)} pick=${(n) => { setPicking(false); insert(`:${n}: `); }} />` : null}
    </div>
  </div>`;
}
