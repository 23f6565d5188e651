import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp } from '../hooks.js';
import { Icon } from '../icons.js';
import { sizeText } from '../filetype.js';
import { useTray } from '../upload.js';
import { useElement } from './surface.js';
import { arr } from './values.js';

// FileInput takes files by choice, drop or paste, and uploads them at once.
export function FileInput({ block, e }) {
  const { me } = useApp();
  const el = useElement(block, e);
  const tray = useTray(me, `input ${el.surface?.where.view_id || ''} ${el.key}`);
  const [refused, setRefused] = useState('');
  const chooser = useRef(null);
  const most = Math.min(Number(e.max_files) || 10, 10);
  const types = arr(e.filetypes).map((t) => String(t).toLowerCase());
  const full = tray.list.length >= most;

  // The value is what has arrived; a submission waits for the rest.
  const ready = tray.list.filter((x) => x.state === 'ready').map((x) => x.file.id).join();
  const known = useRef(null);
  useEffect(() => {
    if (!el.surface) return undefined;
    el.surface.before.set(el.key, async () => el.set(await tray.settled()));
    return () => el.surface.before.delete(el.key);
  }, [el.surface, tray]);
  useEffect(() => {
    if (known.current === ready || (known.current === null && !ready)) return;
    known.current = ready;
    el.choose(ready ? ready.split(',') : []);
  }, [ready]);

  const add = (blobs) => {
    const wrong = [], right = [];
    for (const b of blobs) {
      const end = b.name?.split('.').pop().toLowerCase() || '';
      if (types.length && !types.includes(end)) wrong.push(`${b.name}: only ${types.join(', ')} can be chosen.`);
      else if (tray.list.length + right.length >= most) wrong.push(`${b.name} was left out: no more than ${most} ${most === 1 ? 'file' : 'files'}.`);
      else right.push(b);
    }
    setRefused([...wrong, ...tray.add(right)].join(' '));
  };
  const drop = (event) => { event.preventDefault(); event.stopPropagation(); add([...event.dataTransfer?.files || []]); };
  return html`<div class="el filefield" onDragOver=${(ev) => { ev.preventDefault(); ev.stopPropagation(); }} onDrop=${drop} onPaste=${(ev) => { const list = [...ev.clipboardData?.files || []]; if (list.length) { ev.preventDefault(); add(list); } }}>
    ${tray.list.map((x) => html`<div class=${'filerow ' + x.state} key=${x.key}><${Icon} name="file" /><span class="filename">${x.name}</span>
      <small class="quiet">${x.state === 'sending' ? `${Math.round(x.progress * 100)} %` : x.state === 'failed' ? x.error : sizeText(x.size)}</small>
      ${x.state === 'failed' ? html`<button type="button" class="quietbutton" onClick=${() => tray.retry(x.key)}>Try again</button>` : null}
      <button type="button" class="tool" aria-label=${'Remove ' + x.name} title="Remove" onClick=${() => tray.remove(x.key)}><${Icon} name="close" /></button></div>`)}
    ${full ? null : html`<button type="button" class="filedrop" id=${el.id} disabled=${el.rests} aria-labelledby=${el.labelled ? `${el.labelled} ${el.id}` : null} onClick=${() => chooser.current.click()}><${Icon} name="upload" /> <span>Choose ${most === 1 ? 'a file' : 'files'} or drop ${most === 1 ? 'it' : 'them'} here</span></button>`}
    <input ref=${chooser} type="file" class="sr" tabindex="-1" aria-hidden="true" multiple=${most > 1} accept=${types.length ? types.map((t) => '.' + t).join() : null} onChange=${(ev) => { add([...ev.target.files]); ev.target.value = ''; }} />
    ${refused ? html`<p class="trouble" role="alert">${refused}</p>` : null}${el.after}
  </div>`;
}
