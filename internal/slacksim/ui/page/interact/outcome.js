// What became of something that a person did: each interaction is told about on the feed
// once when it is sent and once when the app has answered, or has not.

const SENTENCES = {
  operation_timeout: 'The app did not answer in time.',
  dispatch_failed: 'The app could not be reached. Is it running?',
  bad_response: 'The app answered with something that makes no sense.',
};

export const sentence = (x) => x.message || SENTENCES[x.error] || 'This did not work.';

// outcome waits until an interaction is acked or has failed. A page that lost the feed for
// a while starts from the whole state again; what was on its way then counts as over.
export function outcome(store, id) {
  return new Promise((resolve) => {
    const generation = store.generation;
    const look = () => {
      const x = store.outcomes.get(id);
      const over = x && x.status !== 'sent';
      if (!over && store.generation === generation) return false;
      resolve(over ? x : { id, status: 'acked' });
      return true;
    };
    if (!id) return resolve({ status: 'acked' });
    if (look()) return undefined;
    const off = store.on('outcomes', () => { if (look()) off(); });
    return undefined;
  });
}

// perform posts something and waits for its outcome; it rejects with a sentence to show.
export async function perform(store, posted) {
  const { id } = await posted;
  const x = await outcome(store, id);
  if (x.status === 'failed') throw Object.assign(new Error(sentence(x)), { outcome: x });
  return x;
}
