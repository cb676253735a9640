import type { Sprite } from "../contracts";

/** "Trouser, image 12"; without labels "Image 12". */
export function imageName(sprite: Sprite, image: number): string {
  const label = sprite.labels?.[image];
  return label === undefined ? `Image ${image}` : `${className(sprite, label)}, image ${image}`;
}

export function className(sprite: Sprite, label: number): string {
  return sprite.info.classNames[label] ?? `Class ${label}`;
}

/** 10000 as "10,000". */
export function counted(count: number): string {
  return count.toLocaleString("en");
}
