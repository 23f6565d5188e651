import { html, useEffect, useLayoutEffect, useRef } from '../vendor/htm-preact.js';

// Popover is a panel at a control: below it, or above where there is more room; on a phone
// a sheet at the lower edge (css). It lies in the browser's top layer, so that neither a
// scrolling list nor a dialog cuts it off.
export function Popover({ anchor, close, label, role, kind = '', wide = 0, children }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    const el = box.current;
    el.showPopover?.();
    let up = false;
    const put = () => {
      const at = anchor.current?.getBoundingClientRect();
      if (!at || matchMedia('(max-width: 640px)').matches) return;
      const width = Math.min(Math.max(at.width, wide), innerWidth - 16);
      el.style.width = wide || kind.includes('fit') ? '' : width + 'px';
      el.style.minWidth = wide ? Math.min(wide, innerWidth - 16) + 'px' : '';
      const below = innerHeight - at.bottom - 14, above = at.top - 14;
      // What shrinks, as somebody types, stays on its side: it must not jump away from the pointer.
      up = above > below && (up || el.scrollHeight > below);
      el.style.maxHeight = Math.max(140, Math.min(up ? above : below, 420)) + 'px';
      el.style.left = Math.max(8, Math.min(kind.includes('right') ? at.right - el.offsetWidth : at.left, innerWidth - el.offsetWidth - 8)) + 'px';
      el.style.top = up ? '' : at.bottom + 6 + 'px';
      el.style.bottom = up ? innerHeight - at.top + 6 + 'px' : '';
    };
    put();
    // Only now can anything in here take the focus: a closed popover is not displayed.
    el.querySelector('input, [tabindex="0"], [role=menuitem]')?.focus({ preventScroll: true });
    const watch = new ResizeObserver(put);
    watch.observe(el);
    addEventListener('resize', put);
    addEventListener('scroll', put, true);
    return () => { watch.disconnect(); removeEventListener('resize', put); removeEventListener('scroll', put, true); };
  }, []);
  useEffect(() => {
    const outside = (e) => { if (!box.current.contains(e.target) && !anchor.current?.contains(e.target)) close(); };
    addEventListener('pointerdown', outside, true);
    return () => removeEventListener('pointerdown', outside, true);
  }, []);
  // Escape closes this, and nothing behind it.
  const onKeyDown = (e) => { if (e.key === 'Escape') { e.preventDefault(); e.stopPropagation(); close(true); } };
  return html`<div class=${'pop ' + kind} ref=${box} popover="manual" role=${role} aria-label=${label} onKeyDown=${onKeyDown}>${children}</div>`;
}

// giveBack makes the close of a popover: closed by a key or a choice, the focus goes back to
// the control it stood at.
export function giveBack(anchor, setOpen) {
  return (back) => { setOpen(false); if (back) (anchor.current?.matches('button, input, [tabindex]') ? anchor.current : anchor.current?.querySelector('button, input, [tabindex]'))?.focus({ preventScroll: true }); };
}
