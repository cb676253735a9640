/** The page's address follows the state, so that a link or the history brings it back. */

import { type State, toHash } from "./state";

/** While a slider moves, the address waits. */
const DELAY_MS = 300;

export interface Address {
  /** A new entry in the history. */
  push(state: State): void;
  /** The current entry, at once. */
  replace(state: State): void;
  /** The current entry, once `state()` rests. */
  replaceSoon(state: () => State): void;
}

export function createAddress(): Address {
  let timer = 0;

  function write(change: History["pushState"], state: State): void {
    clearTimeout(timer);
    try {
      change.call(history, null, "", toHash(state));
    } catch {
      // Some browsers keep no history of pages from disk; the link can still be copied.
    }
  }

  return {
    push: (state) => write(history.pushState, state),
    replace: (state) => write(history.replaceState, state),
    replaceSoon(state) {
      clearTimeout(timer);
      timer = window.setTimeout(() => write(history.replaceState, state()), DELAY_MS);
    },
  };
}

/** A link to the state. */
export function linkTo(state: State): string {
  return new URL(toHash(state), location.href).href;
}
