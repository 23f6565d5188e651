import { Component, createContext, h, useContext, useLayoutEffect, useReducer } from './vendor/htm-preact.js';

// AppContext carries what every view may need: {store, me, reads, nav, route, say}.
export const AppContext = createContext(null);
export const useApp = () => useContext(AppContext);

// useTopic draws the calling view again whenever one of the store's topics changed.
export function useTopic(store, ...topics) {
  const [, wake] = useReducer((n) => n + 1, 0);
  const drawn = topics.map((t) => store.version(t)).join();
  useLayoutEffect(() => {
    const offs = topics.map((t) => store.on(t, wake));
    // A change between drawing and subscribing would be lost without this look back.
    if (topics.map((t) => store.version(t)).join() !== drawn) wake();
    return () => offs.forEach((off) => off());
  }, [store, topics.join()]);
}

// memo skips drawing while all props are the same objects.
export function memo(view) {
  return class extends Component {
    shouldComponentUpdate(next) {
      const now = this.props;
      for (const name in next) if (next[name] !== now[name]) return true;
      for (const name in now) if (!(name in next)) return true;
      return false;
    }
    render(props) { return h(view, props); }
  };
}
