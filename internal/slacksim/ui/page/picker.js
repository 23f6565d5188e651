import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { load, save } from './prefs.js';
import { CATEGORIES, emoji, findEmoji, QUICK } from './text/emoji.js';

const FACES = { smileys: 'grinning', people: 'wave', hearts: 'heart', nature: 'seedling', food: 'apple', play: 'soccer', travel: 'rocket', objects: 'bulb', signs: 'white_check_mark' };
const ROW = 8;               // columns of the grid, for the arrow keys

// usual is what this browser takes most, filled up with what everybody takes.
function usual() {
  const used = Object.entries(load('emoji', {})).sort((a, b) => b[1] - a[1]).map(([n]) => n).filter(emoji);
  return [...new Set([...used, ...QUICK])].slice(0, QUICK.length);
}

// Picker is the emoji chooser: the usual ones at once, the others by category or name.
export function Picker({ pick, close }) {
  const box = useRef(null), field = useRef(null), grid = useRef(null);
  const [typed, setTyped] = useState('');
  const [group, setGroup] = useState('usual');
  const [up, setUp] = useState(false);
  const names = typed ? findEmoji(typed.toLowerCase().replace(/[:\s]/g, ''), 48) : group === 'usual' ? usual() : CATEGORIES.find(([g]) => g === group)[1];

  useLayoutEffect(() => {
    setUp(box.current.getBoundingClientRect().bottom > innerHeight - 12);
    field.current.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => { grid.current.scrollTop = 0; }, [group, typed]);
  useEffect(() => {
    const outside = (event) => { if (!box.current.contains(event.target)) close(); };
    addEventListener('pointerdown', outside, true);
    return () => removeEventListener('pointerdown', outside, true);
  }, []);

  const take = (name) => {
    const used = load('emoji', {});
    save('emoji', { ...used, [name]: (used[name] || 0) + 1 });
    pick(name);
  };
  const onKeyDown = (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); close(true); return; }
    const inField = event.target === field.current;
    if (event.key === 'Enter' && names[0] && inField) { event.preventDefault(); take(names[0]); return; }
    const all = [...grid.current.children];
    const at = all.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: ROW, ArrowUp: -ROW }[event.key];
    if (inField && event.key === 'ArrowDown') { event.preventDefault(); event.stopPropagation(); all[0]?.focus(); }
    else if (at >= 0 && step) {
      event.preventDefault();
      event.stopPropagation();
      (at + step < 0 ? field.current : all[Math.min(at + step, all.length - 1)]).focus();
    }
  };
  const tab = (name, drawn) => html`<button type="button" key=${name} title=${name} aria-label=${name} aria-pressed=${!typed && group === name} onClick=${() => { setTyped(''); setGroup(name); }}>${drawn}</button>`;
  return html`<div class=${'picker' + (up ? ' up' : '')} ref=${box} role="dialog" aria-label="Choose an emoji" onKeyDown=${onKeyDown}>
    <input ref=${field} type="text" placeholder="Search emoji" aria-label="Search emoji" value=${typed} onInput=${(e) => setTyped(e.target.value)} />
    <div class="picker-tabs" role="group" aria-label="Category">${tab('usual', '🕘')}${CATEGORIES.map(([g]) => tab(g, emoji(FACES[g])))}</div>
    <div class="grid" ref=${grid}>${names.map((n) => html`<button type="button" key=${n} tabindex=${n === names[0] ? 0 : -1} title=${':' + n + ':'} aria-label=${n} onClick=${() => take(n)}>${emoji(n)}</button>`)}</div>
    ${names.length === 0 ? html`<p class="quiet">Nothing by that name</p>` : null}
  </div>`;
}
