import { expect, test } from "vitest";
import { deedsFor, isFinal, type KnownUser } from "./users.ts";

const ann: KnownUser = { username: "ann", role: "user", active: true, api_keys: 2 };

test("only what changes something is offered", () => {
  expect(deedsFor(ann)).toEqual(["disable", "end_sessions", "end_all", "make_admin", "delete"]);
  expect(deedsFor({ ...ann, api_keys: 0, role: "admin" })).toEqual([
    "disable",
    "end_sessions",
    "make_user",
    "delete",
  ]);
  expect(deedsFor({ ...ann, active: false })).toEqual(["enable", "delete"]);
});

test("only a deletion cannot be taken back", () => {
  expect(deedsFor(ann).filter(isFinal)).toEqual(["delete"]);
});
