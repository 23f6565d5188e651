import { patience } from './workspace.js';

/** What listeners heard, in order: put it in from a listener, await it in the test. */
export class Mailbox {
  #heard = [];
  #waiting = [];

  put = (x) => {
    const first = this.#waiting.shift();
    if (first) first(x);
    else this.#heard.push(x);
  };

  next(what = 'something to be heard') {
    if (this.#heard.length) return Promise.resolve(this.#heard.shift());
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited ${patience / 1000} s for ${what}`)), patience);
      this.#waiting.push((x) => {
        clearTimeout(late);
        resolve(x);
      });
    });
  }

  get size() {
    return this.#heard.length;
  }
}
