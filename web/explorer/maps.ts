/** The maps of a model, one at a time. */

import { newestWins } from "./coalesce";
import { codeOf } from "./codes";
import type { LatentMap, LoadedModel, MapInfo, Pixels, Sprite } from "./contracts";
import { button, make } from "./dom";
import { onPlane, overPlane } from "./geometry";
import { createMap } from "./map";
import { conditionOf } from "./networks";
import { loadFloats } from "./payloads";

export interface MapsOptions {
  sprite: Sprite;
  onKind(kind: string): void;
  onImage(image: number): void;
  onCode(code: Float32Array): void;
}

export interface Maps {
  readonly element: HTMLElement;
  /** Show the map of that kind, or the model's first. */
  show(loaded: LoadedModel, kind: string | null): Promise<void>;
  /** Mark the position of the code; `image` is the test image whose code it is, if any. */
  mark(code: Float32Array, image: number | null): void;
}

interface Shown {
  view: LatentMap;
  info: MapInfo;
  points: Float32Array;
}

export function createMaps(options: MapsOptions): Maps {
  const tabs = make("div", { class: "ex-tabs", role: "group", "aria-label": "Map" });
  const host = make("div", { class: "ex-map-host" });
  let shown: Shown | null = null;
  let tabbed: readonly MapInfo[] = [];
  let requests = 0;
  let marked: [Float32Array, number | null] | null = null;

  function mark(code: Float32Array, image: number | null): void {
    marked = [code, image];
    shown?.view.mark(placeOf(shown, code, image));
  }

  return {
    element: make("section", { class: "ex-map", "aria-label": "Latent map" }, tabs, host),
    async show(loaded, kind) {
      const { model } = loaded;
      const info = model.maps.find((each) => each.kind === kind) ?? model.maps[0];
      if (info === undefined) {
        return;
      }
      requests += 1;
      const own = requests;
      tabs.hidden = model.maps.length < 2;
      if (tabbed !== model.maps) {
        tabbed = model.maps;
        tabs.replaceChildren(...tabbed.map((each) => tabOf(each, options)));
      }
      for (const [index, tab] of [...tabs.children].entries()) {
        tab.setAttribute("aria-pressed", String(tabbed[index] === info));
      }
      shown?.view.destroy();
      shown = null;
      host.replaceChildren(make("p", { class: "ex-note" }, "Loading the map …"));
      const points = await loadFloats(`${model.slug}/${info.kind}`);
      if (own !== requests) {
        return;
      }
      host.replaceChildren();
      const view = await createMap(host, {
        info,
        points,
        sprite: options.sprite,
        reconstruct: reconstructing(loaded, options.sprite),
        onImage: options.onImage,
        onPoint(x, y) {
          if (info.plane !== null) {
            options.onCode(onPlane(info.plane, x, y));
          }
        },
      });
      if (own !== requests) {
        view.destroy();
        return;
      }
      shown = { view, info, points };
      if (marked !== null) {
        mark(...marked);
      }
    },
    mark,
  };
}

function tabOf(info: MapInfo, options: MapsOptions): HTMLElement {
  return button(info.title, () => options.onKind(info.kind), "ex-tab");
}

function reconstructing(
  loaded: LoadedModel,
  sprite: Sprite,
): (image: number) => Promise<Pixels | null> {
  const { model } = loaded;
  return newestWins(async (image: number) =>
    loaded.decode(
      await codeOf(loaded, sprite, image),
      conditionOf(model, sprite.labels?.[image] ?? null),
    ),
  );
}

function placeOf(
  { info, points }: Shown,
  code: Float32Array,
  image: number | null,
): { x: number; y: number } | null {
  if (info.plane !== null) {
    return overPlane(info.plane, code);
  }
  const [x, y] = image === null ? [] : points.subarray(2 * image);
  return x === undefined || y === undefined ? null : { x, y };
}
