import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { emoji, findEmoji, QUICK } from './text/emoji.js';

// Picker is the small emoji chooser: the usual ones at once, the others by name.
export function Picker({ pick, close }) {
  const box = useRef(null), field = useRef(null);
  const [typed, setTyped] = useState('');
  const [up, setUp] = useState(false);
  const names = typed ? findEmoji(typed.toLowerCase().replace(/[:\s]/g, ''), 32) : QUICK;

  useLayoutEffect(() => {
    setUp(box.current.getBoundingClientRect().bottom > innerHeight - 90);
    field.current.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    const outside = (event) => { if (!box.current.contains(event.target)) close(); };
    addEventListener('pointerdown', outside, true);
    return () => removeEventListener('pointerdown', outside, true);
  }, []);

  const onKeyDown = (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); close(); }
    if (event.key === 'Enter' && names[0] && event.target === field.current) { event.preventDefault(); pick(names[0]); }
  };
  return html`<div class=${'picker' + (up ? ' up' : '')} ref=${box} role="dialog" aria-label="Choose an emoji" onKeyDown=${onKeyDown}>
    <input ref=${field} type="text" placeholder="Search emoji" aria-label="Search emoji" value=${typed} onInput=${(e) => setTyped(e.target.value)} />
    <div class="grid">${names.map((n) => html`<button type="button" key=${n} title=${':' + n + ':'} aria-label=${n} onClick=${() => pick(n)}>${emoji(n)}</button>`)}</div>
    ${names.length === 0 ? html`<p class="quiet">Nothing by that name</p>` : null}
  </div>`;
}
