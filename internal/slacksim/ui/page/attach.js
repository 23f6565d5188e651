import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { Dialog } from './dialog.js';
import { contentUrl, FileIcon, isPicture, sizeText, thumbUrl } from './filetype.js';
import { useApp } from './hooks.js';
import { Icon } from './icons.js';

// AttachButton chooses files from the disk.
export function AttachButton({ add }) {
  const input = useRef(null);
  return html`<button type="button" class="tool" title="Attach files" aria-label="Attach files" onClick=${() => input.current.click()}><${Icon} name="clip" /></button>
    <input type="file" multiple hidden ref=${input} onChange=${(e) => { add([...e.target.files]); e.target.value = ''; }} />`;
}

// Attachments shows what goes with the next message.
export function Attachments({ tray }) {
  const { show } = useApp();
  if (tray.list.length === 0) return null;
  const describe = (item) => show(html`<${AltText} item=${item} save=${(alt) => tray.describe(item.key, alt)} close=${() => show(null)} />`);
  return html`<ul class="attachments" aria-label="Files of this message">${tray.list.map((x) => html`<${Attachment} key=${x.key} item=${x} tray=${tray} describe=${describe} />`)}</ul>`;
}

function Attachment({ item, tray, describe }) {
  const picture = item.state === 'ready' && isPicture(item.file);
  const classes = ['attachment', picture && 'thumb', item.state].filter(Boolean).join(' ');
  const remove = html`<button type="button" class="remove" title="Remove" aria-label=${'Remove ' + item.name} onClick=${() => tray.remove(item.key)}><${Icon} name="close" /></button>`;
  if (picture) {
    return html`<li class=${classes} title=${item.name}><img src=${thumbUrl(item.file, 360)} alt=${item.alt || item.name} />
      <button type="button" class="alt" aria-label=${'Describe ' + item.name} onClick=${() => describe(item)}>${item.alt ? html`<${Icon} name="check" />` : null}ALT</button>${remove}</li>`;
  }
  const note = item.state === 'failed' ? html`<span class="problem" role="alert">${item.error}</span>` : html`<small>${item.state === 'sending' ? Math.round(item.progress * 100) + ' % of ' : ''}${sizeText(item.size)}</small>`;
  return html`<li class=${classes}><${FileIcon} file=${item.file || { name: item.name, mimetype: item.type }} />
    <div class="attachment-text"><span class="name">${item.name}</span>${note}</div>
    ${item.state === 'failed' ? html`<button type="button" class="quietbutton" onClick=${() => tray.retry(item.key)}>Try again</button>` : null}
    ${item.state === 'sending' ? html`<progress max="1" value=${item.progress} aria-label=${'Sending ' + item.name}></progress>` : null}${remove}</li>`;
}

function AltText({ item, save, close }) {
  const [alt, setAlt] = useState(item.alt);
  const done = () => { save(alt.trim()); close(); };
  return html`<${Dialog} title="Describe this image" close=${close} foot=${html`<button type="button" class="button" onClick=${close}>Cancel</button><button type="button" class="button main" onClick=${done}>Save</button>`}>
    <img class="alt-preview" src=${contentUrl(item.file)} alt="" />
    <label class="field"><span>What is to be seen, for those who cannot see it</span>
      <textarea class="boxed" rows="3" maxlength="1000" data-first value=${alt} onInput=${(e) => setAlt(e.target.value)}></textarea></label>
  <//>`;
}

// DropZone lies over a pane while files are dragged above it.
export function DropZone({ anchor, add, label }) {
  const [over, setOver] = useState(false);
  useLayoutEffect(() => {
    const pane = anchor.current.closest('.pane');
    let depth = 0;                                  // entering a child leaves its parent
    const files = (e) => e.dataTransfer?.types?.includes('Files');
    const set = (n) => { depth = Math.max(0, n); setOver(depth > 0); };
    const on = {
      dragenter: (e) => { if (files(e)) { e.preventDefault(); set(depth + 1); } },
      dragleave: (e) => { if (files(e)) set(depth - 1); },
      dragover: (e) => { if (files(e)) { e.preventDefault(); e.dataTransfer.dropEffect = 'copy'; } },
      drop: (e) => { if (files(e)) { e.preventDefault(); set(0); add([...e.dataTransfer.files]); } },
    };
    for (const [name, act] of Object.entries(on)) pane.addEventListener(name, act);
    return () => { for (const [name, act] of Object.entries(on)) pane.removeEventListener(name, act); };
  }, [add]);
  return over ? html`<div class="dropzone"><div><${Icon} name="upload" /><strong>Drop to attach</strong><span>${label}</span></div></div>` : null;
}
