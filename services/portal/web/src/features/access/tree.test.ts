import fc from "fast-check";
import { expect, test } from "vitest";
import { type Branch, methodsOf, treeOf } from "./tree.ts";

const right = (method: string, service = "*") => ({ method, service });

test("rights hang below each other as their resources do", () => {
  const rights = {
    "/programs/a/projects/b": [right("read")],
    "/programs": [right("*")],
    "/open": [right("read", "x")],
  };
  const { roots, count } = treeOf(rights, "", "everything", 10);
  expect(count).toBe(3);
  expect(roots.map(({ path, methods }) => [path, methods])).toEqual([
    ["/open", ["read (x)"]],
    ["/programs", ["everything"]],
  ]);
  const project = roots[1]?.children[0]?.children[0]?.children[0];
  expect([project?.path, project?.methods]).toEqual(["/programs/a/projects/b", ["read"]]);
});

test("a search leaves what fits, by resource or method, with what is above it", () => {
  const rights = { "/a/b": [right("read")], "/c": [right("create")] };
  expect(treeOf(rights, "CREATE", "everything", 10).roots.map(({ path }) => path)).toEqual(["/c"]);
  expect(treeOf(rights, "b", "everything", 10).roots.map(({ path }) => path)).toEqual(["/a"]);
});

test("methods are told once", () => {
  expect(methodsOf([right("read"), right("read"), right("*", "guppy")], "everything")).toEqual([
    "everything (guppy)",
    "read",
  ]);
});

test("each resource has one place, whatever there is, and never more than wanted", () => {
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(path), fc.nat(5), (paths, most) => {
      const names = [...new Set(paths.map((parts) => `/${parts.join("/")}`))];
      const rights = Object.fromEntries(names.map((name) => [name, [right("read")]]));
      const { roots, count } = treeOf(rights, "", "everything", most);
      const all: string[] = [];
      const walk = (branch: Branch) => {
        if (branch.methods.length > 0) all.push(branch.path);
        branch.children.forEach(walk);
      };
      roots.forEach(walk);
      expect(count).toBe(names.length);
      expect(all.length).toBe(Math.min(most, names.length));
      expect(new Set(all).size).toBe(all.length);
    }),
  );
});
