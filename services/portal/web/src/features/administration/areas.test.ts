import { expect, test } from "vitest";
import { areasOf, mayEnter } from "./areas.ts";

const right = (method: string, service: string) => ({ method, service });

test("an administrator of everything may enter everything, and nobody else anything", () => {
  expect(areasOf({ "/": [right("*", "*")] })).toEqual(["runs", "users", "audit", "access"]);
  expect(areasOf({})).toEqual([]);
  expect(areasOf({ "/programs": [right("*", "*")] })).toEqual([]);
});

test("who may read some kinds of runs, or one kind of records, may enter", () => {
  expect(areasOf({ "/services/ops/etl": [right("read", "gen3-ops")] })).toEqual(["runs"]);
  expect(areasOf({ "/services/audit/login": [right("read", "audit")] })).toEqual(["audit"]);
  expect(mayEnter({ "/services/opsx": [right("read", "gen3-ops")] }, "runs")).toBe(false);
});

test("one method of fence is not everything that its administrators do", () => {
  expect(mayEnter({ "/services/fence/admin": [right("delete", "fence")] }, "users")).toBe(false);
  expect(mayEnter({ "/services/fence/admin": [right("*", "fence")] }, "users")).toBe(true);
});
