/** The map of the test images in a model's latent space. */

import type { CreateMap, LatentMap, MapInfo, MapOptions } from "../contracts";
import { make } from "../dom";
import { createCard } from "./card";
import { type Cloud, cloudOf, placeOf, pointsWhere } from "./cloud";
import { type Gestures, listenTo, type Mode } from "./gestures";
import { type Keys, press } from "./keyboard";
import { createLegend } from "./legend";
import "./map.css";
import { counted, imageName } from "./naming";
import { encloses, nearest, nearestTowards } from "./search";
import { createSelection } from "./selection";
import { createStage } from "./stage";
import { createTools, helpOf } from "./tools";
import {
  HOME,
  type Place,
  panned,
  reaching,
  toData,
  toNormalized,
  withinReach,
  zoomed,
} from "./transform";

/** A step of an arrow key, as a share of the map's shorter side. */
const STEP = { fine: 0.01, coarse: 0.05 };
/** After a step, the marker is at least this far from the map's edge, in pixels. */
const MARGIN_PX = 40;

let made = 0;

export const createMap: CreateMap = async (host, options) => createMapNow(host, options);

function createMapNow(host: HTMLElement, options: MapOptions): LatentMap {
  const { info, sprite, points } = options;
  const cloud = cloudOf(points, sprite.labels);
  const classCount = sprite.labels === null ? 0 : sprite.info.classNames.length;
  let mode: Mode = "pan";
  let marked: Place | null = null;
  let selected: readonly number[] | null = null;

  made += 1;
  const help = make("p", { class: "map-help", id: `map-help-${made}` });
  const area = areaOf(info, cloud, help.id);
  const card = createCard(sprite, options.reconstruct);
  const status = make("p", { class: "map-hidden", role: "status" });
  const root = make("div", { class: "map-root" }, area);
  // Sizes and colors can only be read from elements on the page.
  host.append(root);
  const stage = createStage(area, cloud, sprite, classCount, card.hide);
  area.append(...axisLabels(info), card.element);

  // Marker and selection.

  function mark(place: Place | null): void {
    marked = place;
    stage.mark(place);
  }

  function chooseImage(image: number): void {
    options.onImage(image);
  }

  function choosePlace(place: Place): void {
    if (info.plane === null) {
      return;
    }
    // At once, because the next step may begin before the new code is shown.
    mark(place);
    const { x, y } = toData(cloud.frame, place);
    options.onPoint(x, y);
  }

  function select(found: readonly number[] | null): void {
    selected = found;
    stage.highlight(found !== null && found.length > 0 ? found : null);
    selection.show(found === null ? null : found.map((point) => cloud.images[point] ?? 0));
  }

  function selectInside(path: readonly Place[]): void {
    const polygon = path.map(stage.fromPixels);
    const inside = (point: number): boolean => encloses(polygon, placeOf(cloud, point));
    select(pointsWhere(cloud, (point) => stage.shown(point) && inside(point)));
  }

  function point(at: Place | null): void {
    const found = at === null || mode === "walk" ? -1 : stage.pointAt(at, false);
    stage.ring(found);
    area.classList.toggle("map-over", found >= 0);
    area.classList.toggle("map-held", at !== null && mode === "pan" && isOnMarker(at, false));
    if (found < 0 || at === null) {
      card.hide();
    } else {
      card.show(cloud.images[found] ?? 0, at, stage.size());
    }
  }

  /** Without a plane, the marker cannot be dragged. */
  function isOnMarker(at: Place, isCoarse: boolean): boolean {
    return info.plane !== null && stage.isOnMarker(at, isCoarse);
  }

  // Gestures and keys.

  function zoom(at: Place, factor: number): boolean {
    const before = stage.view();
    const next = zoomed(before, factor, stage.fromPixels(at));
    if (next.zoom === before.zoom) {
      return false;
    }
    stage.look(next);
    return true;
  }

  const middle = (): Place => ({ x: stage.size().width / 2, y: stage.size().height / 2 });

  const gestures: Gestures = {
    mode: () => mode,
    hover: point,
    click(at, isCoarse) {
      const found = stage.pointAt(at, isCoarse);
      if (found >= 0) {
        chooseImage(cloud.images[found] ?? 0);
      } else {
        choosePlace(stage.fromPixels(at));
      }
    },
    pan: (byX, byY) => stage.look(panned(stage.view(), stage.unit(), byX, byY)),
    zoom,
    walk: (at) => choosePlace(stage.fromPixels(at)),
    isOnMarker,
    lasso: stage.lasso,
    lassoed(path) {
      stage.lasso(null);
      if (path !== null) {
        selectInside(path);
      }
    },
  };

  /** Position of the marker on the screen; null where it is not visible. */
  function visibleMarker(): Place | null {
    const at = marked === null ? null : stage.toPixels(marked);
    const { width, height } = stage.size();
    const isVisible = at !== null && at.x >= 0 && at.y >= 0 && at.x <= width && at.y <= height;
    return isVisible ? at : null;
  }

  function follow(place: Place): void {
    stage.look(reaching(stage.view(), stage.unit(), stage.size(), place, MARGIN_PX));
  }

  function stepOverPlane(towards: Place, isFine: boolean): void {
    const { width, height } = stage.size();
    const part = isFine ? STEP.fine : STEP.coarse;
    const length = (part * Math.min(width, height)) / stage.unit();
    const from = marked ?? stage.view();
    const to = withinReach({ x: from.x + length * towards.x, y: from.y + length * towards.y });
    follow(to);
    choosePlace(to);
  }

  function stepToImage(towards: Place): void {
    const found =
      marked === null
        ? nearest(cloud, stage.view(), Number.POSITIVE_INFINITY, stage.shown)
        : nearestTowards(cloud, marked, towards, stage.shown);
    if (found < 0) {
      status.textContent = "No image in that direction";
    }
    choosePoint(found);
  }

  /** Choose the image of a point, and announce it for those who use keys. */
  function choosePoint(found: number): void {
    if (found < 0) {
      return;
    }
    const place = placeOf(cloud, found);
    const image = cloud.images[found] ?? 0;
    follow(place);
    mark(place);
    status.textContent = imageName(sprite, image);
    chooseImage(image);
  }

  const keys: Keys = {
    step: (towards, isFine) =>
      info.plane === null ? stepToImage(towards) : stepOverPlane(towards, isFine),
    zoom: (factor) => zoom(visibleMarker() ?? middle(), factor),
    reset: () => stage.look(HOME),
    choose() {
      const { width, height } = stage.size();
      if (mode === "lasso") {
        selectInside([
          { x: 0, y: 0 },
          { x: width, y: 0 },
          { x: width, y: height },
          { x: 0, y: height },
        ]);
      } else {
        choosePoint(nearest(cloud, marked ?? stage.view(), Number.POSITIVE_INFINITY, stage.shown));
      }
    },
    cancel() {
      const hadSelection = selected !== null;
      select(null);
      return hadSelection;
    },
  };

  area.addEventListener("keydown", (event) => {
    if (event.target === area && press(keys, event)) {
      event.preventDefault();
    }
  });
  const endGestures = listenTo(area, gestures);

  // Controls.

  const tools = createTools(info.plane !== null, {
    setMode,
    showThumbnails: stage.showThumbnails,
    zoom: (factor) => zoom(middle(), factor),
    reset: () => stage.look(HOME),
  });

  function setMode(next: Mode): void {
    mode = next;
    area.dataset.mode = mode;
    help.textContent = helpOf(mode, info.plane !== null);
  }

  const selection = createSelection(sprite, classCount, chooseImage, () => {
    select(null);
    area.focus({ preventScroll: true });
  });
  const legend =
    classCount === 0
      ? null
      : createLegend(sprite, classCount, (hidden) =>
          stage.show((each) => !hidden.has(cloud.classes[each] ?? 0)),
        );

  setMode(mode);
  const below = [help, leftOutNote(cloud, points.length / 2), legend, selection.element, status];
  area.before(tools);
  area.after(...below.filter((element) => element !== null));

  return {
    mark(place) {
      const isOnMap = place !== null && Number.isFinite(place.x) && Number.isFinite(place.y);
      mark(isOnMap ? toNormalized(cloud.frame, place) : null);
    },
    destroy() {
      endGestures();
      card.hide();
      stage.destroy();
      root.remove();
    },
  };
}

function areaOf(info: MapInfo, cloud: Cloud, helpId: string): HTMLElement {
  const images = cloud.count === 1 ? "1 image" : `${counted(cloud.count)} images`;
  return make("div", {
    class: "map-area",
    tabindex: "0",
    role: "application",
    "aria-label": `${info.title}: map of ${images}`,
    "aria-describedby": helpId,
  });
}

function axisLabels(info: MapInfo): HTMLElement[] {
  return info.axisLabels
    .map((label, axis) =>
      make("span", { class: `map-axis map-axis-${axis === 0 ? "x" : "y"}` }, label),
    )
    .filter((element) => element.textContent !== "");
}

function leftOutNote(cloud: Cloud, total: number): HTMLElement | null {
  return cloud.leftOut === 0
    ? null
    : make(
        "p",
        { class: "map-left-out" },
        `${counted(cloud.leftOut)} of ${counted(Math.floor(total))} images are left out: ` +
          "their coordinates are not finite.",
      );
}
