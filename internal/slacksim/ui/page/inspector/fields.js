import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';

// The small form fields of the control panels.

export const Switch = ({ label, on, set, hint }) => html`<label class="switch" title=${hint || null}><input type="checkbox" role="switch" checked=${!!on} onChange=${(e) => set(e.target.checked)} /><span>${label}</span></label>`;

// NumberField sends when it is left or Enter is pressed, and shows what the server kept.
export function NumberField({ label, value, set, unit = '', min = 0, step = 1, hint }) {
  const [typed, setTyped] = useState(String(value));
  const field = useRef(null);
  // Who is typing goes on typing, whatever the server says meanwhile.
  useEffect(() => { if (document.activeElement !== field.current) setTyped(String(value)); }, [value]);
  const keep = () => {
    const n = Number(typed);
    if (typed.trim() !== '' && Number.isFinite(n) && n !== value) set(n);
    else setTyped(String(value));
  };
  return html`<label class="row-field" title=${hint || null}><span>${label}</span><span class="with-unit"><input type="number" ref=${field} min=${min} step=${step} value=${typed} onInput=${(e) => setTyped(e.target.value)} onBlur=${keep} onKeyDown=${(e) => { if (e.key === 'Enter') { e.preventDefault(); keep(); } }} /><small>${unit}</small></span></label>`;
}

export function TextField({ label, value, set, placeholder = '' }) {
  const [typed, setTyped] = useState(value || '');
  const field = useRef(null);
  useEffect(() => { if (document.activeElement !== field.current) setTyped(value || ''); }, [value]);
  const keep = () => { if (typed !== (value || '')) set(typed.trim()); };
  return html`<label class="row-field wide"><span>${label}</span><input type="text" ref=${field} value=${typed} placeholder=${placeholder} onInput=${(e) => setTyped(e.target.value)} onBlur=${keep} onKeyDown=${(e) => { if (e.key === 'Enter') { e.preventDefault(); keep(); } }} /></label>`;
}

export const Problem = ({ text }) => (text ? html`<p class="problem" role="alert">${text}</p>` : null);
