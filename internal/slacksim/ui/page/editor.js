import { html, useMemo, useRef, useState } from './vendor/htm-preact.js';
import * as api from './api.js';
import { useApp } from './hooks.js';
import { decode, encode, people } from './mentions.js';
import { TextBox } from './textbox.js';

// Editor replaces the text of one's own message while it is being changed.
export function Editor({ m, channel, done }) {
  const { store, me, say } = useApp();
  const [text, setText] = useState(() => decode(store, m.text));
  const everyone = useMemo(() => people(store, store.channels.get(channel)), [channel]);
  const picked = useRef(new Map());

  const save = async () => {
    if (!text.trim()) return;
    const next = encode(text.trim(), everyone, picked.current);
    try {
      if (next !== m.text) await api.edit(me, channel, m.ts, next);
      done();
    } catch (err) {
      say(err.message);
    }
  };
  return html`<div class="editor">
    <${TextBox} value=${text} change=${setText} submit=${save} cancel=${done} everyone=${everyone} picked=${picked.current} label="Edit the message" focus />
    <div class="editor-foot"><span class="quiet">Esc to cancel, Enter to save</span>
      <button type="button" class="button" onClick=${done}>Cancel</button>
      <button type="button" class="button main" onClick=${save} disabled=${!text.trim()}>Save</button></div>
  </div>`;
}
