/** A cache of one model's codes of images. */

import type { LoadedModel, PathEnd, Pixels } from "../contracts";
import { conditionOf } from "../networks";
import type { Waypoint } from "./walk";

/** Images are compared by identity: a changed image is a new one. */
export function createEncodings(loaded: LoadedModel): (end: PathEnd) => Promise<Waypoint> {
  const found = new WeakMap<Pixels, Map<number, Promise<Waypoint>>>();
  return (end) => {
    const ofImage = found.get(end.pixels) ?? new Map<number, Promise<Waypoint>>();
    found.set(end.pixels, ofImage);
    const label = labelFor(loaded, end);
    const before = ofImage.get(label);
    if (before !== undefined) {
      return before;
    }
    const waypoint = encode(loaded, end);
    ofImage.set(label, waypoint);
    // A failed encoding, such as after a failed download, can be tried again.
    waypoint.catch(() => ofImage.delete(label));
    return waypoint;
  };
}

/** An unconditional model ignores the label. */
function labelFor({ model }: LoadedModel, end: PathEnd): number {
  return model.classCount > 0 ? (end.label ?? 0) : 0;
}

/** Whether a model encodes both in the same way. */
export function isSameEnd(loaded: LoadedModel, one: PathEnd, other: PathEnd): boolean {
  return one.pixels === other.pixels && labelFor(loaded, one) === labelFor(loaded, other);
}

async function encode(loaded: LoadedModel, end: PathEnd): Promise<Waypoint> {
  const condition = conditionOf(loaded.model, end.label);
  return { code: await loaded.encode(end.pixels, condition), condition };
}
