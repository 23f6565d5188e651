import { html, useLayoutEffect, useRef, useState } from './vendor/htm-preact.js';
import { Icon } from './icons.js';

// Dialog is a window over the page. The browser's own modal keeps the focus inside and
// the rest inert. A field with data-first has the focus at first.
export function Dialog({ title, close, children, kind = '', foot }) {
  const box = useRef(null), back = useRef(document.activeElement), gone = useRef(false);
  useLayoutEffect(() => {
    const el = box.current;
    el.showModal();
    el.querySelector('[data-first]')?.focus();
    return () => {
      gone.current = true;
      el.close();
      if (back.current?.isConnected) back.current.focus({ preventScroll: true });
    };
  }, []);
  // Keys belong to the dialog; those of the page behind it must not act.
  return html`<dialog class=${'dialog ' + kind} ref=${box} aria-label=${title} onKeyDown=${(e) => e.stopPropagation()}
      onCancel=${(e) => { e.preventDefault(); close(); }} onClose=${() => { if (!gone.current) close(); }} onMouseDown=${(e) => { if (e.target === box.current) close(); }}>
    <div class="dialog-in">
      <header class="dialog-head"><h2>${title}</h2><button type="button" class="tool" aria-label="Close" title="Close (Esc)" onClick=${close}><${Icon} name="close" /></button></header>
      <div class="dialog-body">${children}</div>
      ${foot ? html`<footer class="dialog-foot">${foot}</footer>` : null}
    </div>
  </dialog>`;
}

// useDoing runs what a button starts: one at a time, with its refusal as text.
export function useDoing() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const run = async (what) => {
    setBusy(true);
    setError('');
    try {
      return await what();
    } catch (err) {
      setError(err.message);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run, problem: error ? html`<p class="problem" role="alert">${error}</p>` : null };
}

// Confirm asks before something that cannot be taken back.
export function Confirm({ title, children, yes, act, close }) {
  const { busy, run, problem } = useDoing();
  const go = () => run(async () => { await act(); close(); });
  return html`<${Dialog} title=${title} close=${close} kind="small" foot=${html`
      <button type="button" class="button" data-first onClick=${close}>Cancel</button>
      <button type="button" class="button danger" disabled=${busy} onClick=${go}>${yes}</button>`}>
    ${children}${problem}<//>`;
}
