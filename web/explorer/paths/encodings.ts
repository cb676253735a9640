/** What one model's encoder made of images, so that nothing is encoded twice. */

import type { LoadedModel, PathEnd, Pixels } from "../contracts";
import { conditionOf } from "../networks";
import type { Waypoint } from "./walk";

/** Images are told apart by identity: one that changes is a new one. */
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
    // What failed, such as for want of a network, may be tried again.
    waypoint.catch(() => ofImage.delete(label));
    return waypoint;
  };
}

/** A model that takes no class sees the same image whatever its label. */
function labelFor({ model }: LoadedModel, end: PathEnd): number {
  return model.classCount > 0 ? (end.label ?? 0) : 0;
}

/** Whether a model makes the same of both. */
export function isSameEnd(loaded: LoadedModel, one: PathEnd, other: PathEnd): boolean {
  return one.pixels === other.pixels && labelFor(loaded, one) === labelFor(loaded, other);
}

async function encode(loaded: LoadedModel, end: PathEnd): Promise<Waypoint> {
  const condition = conditionOf(loaded.model, end.label);
  return { code: await loaded.encode(end.pixels, condition), condition };
}
