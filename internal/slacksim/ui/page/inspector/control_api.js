import { useEffect, useState } from '../vendor/htm-preact.js';
import { post, request } from '../api.js';

// The part of the control API that disturbs and steers the simulator.

export const faults = () => request('GET', '/sim/faults');
export const addFault = (fault) => post('/sim/faults', fault);
export const clearFaults = (id) => request('DELETE', '/sim/faults' + (id ? '/' + encodeURIComponent(id) : ''));
export const sockets = (action, id) => post('/sim/sockets', { action, ...(id && { id }) });
export const advance = (ms) => post('/sim/clock', { advance_ms: ms });
export const reset = () => post('/sim/reset', {});
export const restore = (archive) => post('/sim/import', archive);
export const read = (name) => request('GET', '/sim/' + name);         // deliver, limits or settings
export const change = (name, part) => post('/sim/' + name, part);     // answers with the new whole

// useRemote holds one of the three, and its refusals as text.
export function useRemote(name) {
  const [value, setValue] = useState(null);
  const [error, setError] = useState('');
  const take = async (promise) => {
    try {
      setValue(await promise);
      setError('');
      return true;
    } catch (err) {
      setError(err.message);
      return false;
    }
  };
  useEffect(() => { take(read(name)); }, [name]);
  return { value, error, set: (part) => take(change(name, part)) };
}
