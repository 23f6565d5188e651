import { html, useCallback, useLayoutEffect, useMemo, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { AttachButton, Attachments, DropZone } from './attach.js';
import { useApp, useTopic } from './hooks.js';
import { Icon } from './icons.js';
import { isCommand, runCommand } from './interact/commands.js';
import { ShortcutButton } from './interact/shortcuts.js';
import { encode, people } from './mentions.js';
import { Picker } from './picker.js';
import { load, save } from './prefs.js';
import { place as placeText, TextBox } from './textbox.js';
import { useTray } from './upload.js';

// Composer writes into a channel, or into a thread of it. What is not sent stays as a
// draft for this person and place.
export function Composer({ channel, threadTs, place, placeholder, up, above, focus, canBroadcast, sent }) {
  const { store, me, say } = useApp();
  useTopic(store, 'people');
  const draft = `draft.${me}.${channel.id}.${place}`;
  const [text, setText] = useState(() => load(draft, '') || '');
  const [picking, setPicking] = useState(false);
  const [broadcast, setBroadcast] = useState(false);
  const [sending, setSending] = useState(false);
  const tray = useTray(me, channel.id + place), box = useRef(null);
  const field = useRef(null), picked = useRef(new Map());
  const queue = useRef([]), busy = useRef(false);   // one at a time: the second may belong into the thread that the first begins
  const to = useRef(null);      // where a message goes and who is told, as drawn last
  to.current = { threadTs, sent };
  const everyone = useMemo(() => people(store, channel), [channel, store.version('people')]);

  const change = (next) => { setText(next); save(draft, next); };

  // A command goes to the app and not into the channel. One that fails can be mended.
  const command = async () => {
    const typed = text;
    change('');
    try {
      await runCommand(store, me, channel.id, typed, place);
    } catch (err) {
      setText((now) => { const back = now || typed; save(draft, back); return back; });
      say(err.message);
    }
  };

  // What is sent while another message is on its way follows it.
  const submit = () => {
    if (isCommand(text) && tray.list.length === 0) return command();
    const typed = text.trim();
    if (!typed && tray.list.length === 0) return undefined;
    queue.current.push({ typed, text: encode(typed, everyone, picked.current), picked: [...picked.current], broadcast });
    picked.current.clear();
    change('');
    return busy.current ? undefined : send();
  };

  const send = async () => {
    busy.current = true;
    setSending(true);
    try {
      for (; queue.current.length; queue.current.shift()) {
        const [next] = queue.current;
        const files = await tray.settled();
        if (!next.typed && files.length === 0) continue;   // its files went with the one before
        const made = await api.send(me, channel.id, next.text, to.current.threadTs, next.broadcast, files);
        tray.clear(files);
        setBroadcast(false);
        to.current.sent?.(made);
        await drawn();
      }
    } catch (err) {
      const unsent = queue.current.splice(0);
      for (const [label, id] of unsent.flatMap((x) => x.picked)) picked.current.set(label, id);
      setText((now) => { const back = [...unsent.map((x) => x.typed), now].filter(Boolean).join('\n'); save(draft, back); return back; });
      say('Not sent. ' + err.message);
    } finally {
      busy.current = false;
      setSending(false);
    }
  };

  const attach = useCallback((files) => {
    const refused = tray.add(files);
    if (refused.length) say(refused.join(' '));
    field.current?.focus({ preventScroll: true });
  }, [tray]);
  const paste = (event) => {
    const files = [...event.clipboardData?.files || []];
    if (files.length) { event.preventDefault(); attach(files); }
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

  return html`<div class="composer" ref=${box}>
    <${DropZone} anchor=${box} add=${attach} label=${placeholder} />
    ${above}
    <div class="composer-box" onPaste=${paste} onClick=${(e) => { if (e.target === e.currentTarget) field.current.focus(); }}>
      <${TextBox} field=${field} value=${text} change=${change} submit=${submit} up=${up} everyone=${everyone} picked=${picked.current} placeholder=${placeholder} label=${placeholder} app=${store.app} noCommands=${!!place} />
      <${Attachments} tray=${tray} />
      <div class="composer-tools">
        <${AttachButton} add=${attach} />
        <button type="button" class="tool" title="Mention somebody" aria-label="Mention somebody" onClick=${() => insert('@')}><${Icon} name="at" /></button>
        <button type="button" class="tool" title="Emoji" aria-label="Emoji" aria-expanded=${picking} onClick=${() => setPicking(!picking)}><${Icon} name="smile" /></button>
        <${ShortcutButton} command=${place ? null : (name) => { placeText(field.current, name, name.length); change(name); }} />
        ${canBroadcast ? html`<label class="check"><input type="checkbox" checked=${broadcast} onChange=${(e) => setBroadcast(e.target.checked)} /><span>Also send to #${channel.name}</span></label>` : null}
        <span class="end">${canBroadcast ? null : html`<span class="composer-hint quiet">Shift + Enter for a new line</span>`}
          <button type="button" class="send" title="Send" aria-label="Send" aria-busy=${sending} disabled=${!text.trim() && tray.list.length === 0} onClick=${submit}><${Icon} name="send" /></button></span>
      </div>
      ${picking ? html`<${Picker} close=${() => setPicking(false)} pick=${(n) => { setPicking(false); insert(`:${n}: `); }} />` : null}
    </div>
  </div>`;
}

// drawn waits until the page shows what has just been set: drawing comes before any timer.
const drawn = () => new Promise((done) => { setTimeout(done); });
