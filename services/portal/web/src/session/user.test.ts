import fc from "fast-check";
import { expect, test } from "vitest";
import { mayDo, safeNext } from "./user.ts";

test("a login leads back to paths of this site only", () => {
  for (const next of ["/", "/dd?q=a", "/files/dg.1/a%20b"]) expect(safeNext(next)).toBe(next);
  const evil = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "javascript:x",
    "/\t/evil.example",
    "",
    1,
    undefined,
  ];
  for (const next of evil) expect(safeNext(next)).toBe("/");
});

test("wherever a login leads back to, it is on this site", () => {
  const part = fc.constantFrom(
    "/",
    "\\",
    "\t",
    "\n",
    "evil.example",
    "https:",
    "?",
    "#",
    "@",
    ".",
    "..",
    "%2f",
    "a",
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      expect(new URL(safeNext(parts.join("")), "https://here.example").origin).toBe("https://here.example");
    }),
  );
});

test("a right holds on its resource and below it", () => {
  const rights = {
    "/programs/a": [{ service: "*", method: "create" }],
    "/open": [{ service: "indexd", method: "*" }],
  };
  expect(mayDo(rights, "/programs/a/projects/b", "create", "sheepdog")).toBe(true);
  expect(mayDo(rights, "/programs/ab", "create", "sheepdog")).toBe(false);
  expect(mayDo(rights, "/programs/a", "delete", "sheepdog")).toBe(false);
  expect(mayDo(rights, "/open/x", "read", "indexd")).toBe(true);
  expect(mayDo(rights, "/open/x", "read", "sheepdog")).toBe(false);
});
