// The nodes of a dictionary in layers, each below what it links to; and walking along the links. Pure.

import type { Dictionary } from "./model.ts";

export type Place = {
  id: string;
  category: string;
  layer: number;
  place: number;
  parents: string[];
  children: string[];
};
export type Graph = { layers: Place[][]; byId: Map<string, Place> };

/** So many nodes stand beside each other; a layer of more goes on in the next line. */
export const WIDEST = 8;

export function graphOf(dictionary: Dictionary): Graph {
  const ids = new Set(dictionary.map(({ id }) => id));
  const parents = new Map(
    dictionary.map((node) => [
      node.id,
      [...new Set(node.links.map(({ target }) => target))].filter(
        (target) => ids.has(target) && target !== node.id,
      ),
    ]),
  );
  const depths = new Map<string, number>();
  for (const { id } of dictionary) depthOf(id, parents, depths, new Set());
  const byId = new Map<string, Place>();
  for (const { id, category } of dictionary) {
    const layer = depths.get(id) ?? 0;
    byId.set(id, { id, category, layer, place: 0, parents: parents.get(id) ?? [], children: [] });
  }
  for (const { id, parents } of byId.values()) {
    for (const parent of parents) byId.get(parent)?.children.push(id);
  }
  return { layers: layersOf(byId), byId };
}

/** The longest way up, so that every link leads upwards; links in a circle count once. */
function depthOf(
  id: string,
  parents: Map<string, string[]>,
  depths: Map<string, number>,
  on: Set<string>,
): number {
  const known = depths.get(id);
  if (known !== undefined) return known;
  if (on.has(id)) return 0;
  on.add(id);
  const above = (parents.get(id) ?? []).map((parent) => 1 + depthOf(parent, parents, depths, on));
  on.delete(id);
  const depth = Math.max(0, ...above);
  depths.set(id, depth);
  return depth;
}

/** Nodes of a layer stand near what they link to. */
function layersOf(byId: Map<string, Place>): Place[][] {
  const byDepth: Place[][] = [];
  for (const node of byId.values()) {
    byDepth[node.layer] = [...(byDepth[node.layer] ?? []), node];
  }
  // Where links go in a circle, there may be a depth that no node has.
  const layers = byDepth.filter((layer) => layer !== undefined);
  for (const [place, layer] of layers.entries()) {
    for (const node of layer) node.layer = place;
  }
  for (const layer of layers) {
    const middle = (node: Place) => {
      const places = node.parents.map((parent) => byId.get(parent)?.place ?? 0);
      return places.reduce((sum, place) => sum + place, 0) / Math.max(1, places.length);
    };
    layer.sort((a, b) => middle(a) - middle(b) || a.id.localeCompare(b.id));
    for (const [place, node] of layer.entries()) node.place = place;
  }
  return layers;
}

export type Key = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home" | "End";

/** Where a key leads from a node: along its links, beside it, to the first and to the last. */
export function walked({ layers, byId }: Graph, from: string, key: Key): string {
  const here = byId.get(from);
  if (!here) return layers[0]?.[0]?.id ?? from;
  const layer = layers[here.layer] ?? [];
  switch (key) {
    case "ArrowUp":
      return here.parents[0] ?? from;
    case "ArrowDown":
      return (
        [...here.children].sort((a, b) => (byId.get(a)?.place ?? 0) - (byId.get(b)?.place ?? 0))[0] ?? from
      );
    case "ArrowLeft":
      return layer[here.place - 1]?.id ?? layers[here.layer - 1]?.at(-1)?.id ?? from;
    case "ArrowRight":
      return layer[here.place + 1]?.id ?? layers[here.layer + 1]?.[0]?.id ?? from;
    case "Home":
      return layers[0]?.[0]?.id ?? from;
    case "End":
      return layers.at(-1)?.at(-1)?.id ?? from;
  }
}

export type Point = { x: number; y: number };
export const CELL = { width: 150, height: 76 };

/** Where each node stands in a drawing, with the size of it. */
export function positions({ layers }: Graph): { at: Map<string, Point>; width: number; height: number } {
  const at = new Map<string, Point>();
  const widest = Math.min(WIDEST, Math.max(1, ...layers.map((layer) => layer.length)));
  let row = 0;
  for (const layer of layers) {
    for (let start = 0; start < layer.length; start += WIDEST) {
      const line = layer.slice(start, start + WIDEST);
      const left = ((widest - line.length) * CELL.width) / 2;
      for (const [place, node] of line.entries()) {
        at.set(node.id, { x: left + (place + 0.5) * CELL.width, y: (row + 0.5) * CELL.height });
      }
      row += 1;
    }
  }
  return { at, width: widest * CELL.width, height: row * CELL.height };
}
