import { expect, test } from "vitest";
import { areasOf, mayEnter } from "./areas.ts";

const right = (method: string, service: string) => ({ method, service });

test("an administrator of everything may enter everything, and nobody else anything", () => {
  expect(areasOf({ "/": [right("*", "*")] })).toEqual([
    "runs",
    "users",
    "audit",
    "access",
    "storage",
    "site",
  ]);
  expect(areasOf({})).toEqual([]);
  expect(areasOf({ "/programs": [right("*", "*")] })).toEqual([]);
});

test("who may read some kinds of runs, or one kind of records, may enter", () => {
  expect(areasOf({ "/services/ops/etl": [right("read", "gen3-ops")] })).toEqual(["runs"]);
  expect(areasOf({ "/services/audit/login": [right("read", "audit")] })).toEqual(["audit"]);
  expect(mayEnter({ "/services/opsx": [right("read", "gen3-ops")] }, "runs")).toBe(false);
});

test("who may read all of operations may see the stores and the settings, and who may read one kind may not", () => {
  expect(areasOf({ "/services/ops": [right("read", "gen3-ops")] })).toEqual(["runs", "storage", "site"]);
  expect(areasOf({ "/services/ops/config": [right("read", "gen3-ops")] })).toEqual(["runs", "site"]);
});

test("one method of fence is not everything that its administrators do", () => {
  expect(mayEnter({ "/services/fence/admin": [right("delete", "fence")] }, "users")).toBe(false);
  expect(mayEnter({ "/services/fence/admin": [right("*", "fence")] }, "users")).toBe(true);
});
