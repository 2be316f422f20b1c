import fc from "fast-check";
import { expect, test } from "vitest";
import { graphOf, type Key, positions, walked } from "./graph.ts";
import type { Dictionary } from "./model.ts";

const node = (id: string, ...targets: string[]): Dictionary[number] => ({
  id,
  title: id,
  category: "x",
  description: "",
  isSubmittable: true,
  properties: [],
  links: targets.map((target) => ({ name: target, target, label: "", multiplicity: "", isRequired: true })),
});

const some = graphOf([
  node("program"),
  node("project", "program"),
  node("study", "project"),
  node("subject", "study"),
  node("sample", "subject"),
  node("visit", "subject"),
  node("image", "visit", "sample"),
]);

test("each node stands below everything that it links to", () => {
  expect(some.layers.map((layer) => layer.map(({ id }) => id))).toEqual([
    ["program"],
    ["project"],
    ["study"],
    ["subject"],
    ["sample", "visit"],
    ["image"],
  ]);
  const circle = graphOf([node("a", "b"), node("b", "a"), node("c", "c")]);
  expect(circle.layers.flat().length).toBe(3);
});

test("arrows walk along the links and beside each other", () => {
  const walk = (from: string, ...keys: Key[]) => keys.reduce((at, key) => walked(some, at, key), from);
  expect(walk("program", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown")).toBe("sample");
  expect(walk("sample", "ArrowRight")).toBe("visit");
  expect(walk("visit", "ArrowDown", "ArrowUp")).toBe("visit");
  expect(walk("visit", "Home")).toBe("program");
  expect(walk("program", "ArrowUp", "ArrowLeft")).toBe("program");
  expect(walk("image", "End", "ArrowDown", "ArrowRight")).toBe("image");
});

test("whatever links to what, every node has a place of its own and is reached by going to the right", () => {
  const links = fc.array(fc.array(fc.nat(14), { maxLength: 3 }), { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(links, (links) => {
      const graph = graphOf(
        links.map((targets, id) => node(`n${id}`, ...targets.map((target) => `n${target}`))),
      );
      const { at, width, height } = positions(graph);
      expect(at.size).toBe(links.length);
      expect(new Set([...at.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(links.length);
      for (const { x, y } of at.values()) expect(x > 0 && x < width && y > 0 && y < height).toBe(true);
      let here = walked(graph, "n0", "Home");
      const seen = new Set([here]);
      for (let step = 0; step < links.length; step++) {
        here = walked(graph, here, "ArrowRight");
        seen.add(here);
      }
      expect(seen.size).toBe(links.length);
    }),
  );
});
