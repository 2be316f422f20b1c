import { expect, test } from "vitest";
import { isNearlyFull, keptOf } from "./storage.ts";

test("a disk is nearly full when a twentieth of it is left, and an unknown one never", () => {
  expect(isNearlyFull({ free: 4, held: { records: 1, bytes: 96 } })).toBe(true);
  expect(isNearlyFull({ free: 5, held: { records: 1, bytes: 95 } })).toBe(false);
  expect(isNearlyFull({ free: null, held: { records: 1, bytes: 95 } })).toBe(false);
  expect(isNearlyFull({ free: 5, held: null })).toBe(false);
});

test("tiers without files and files of tiers that are no more are both shown", () => {
  const tier = (name: string) => ({ name, storage_class: "S", packed: false, grace_days: 7, default: false });
  const copies = (tier: string, state: string) => ({ tier, state, files: 1, bytes: 2, damaged: 0 });
  const archive = {
    tiers: [tier("cold"), tier("tape")],
    copies: [copies("old", "archived"), copies("cold", "archived"), copies("cold", "pending")],
  };
  expect(keptOf(archive).map(({ tier, copies }) => [tier.name, copies?.state])).toEqual([
    ["cold", "archived"],
    ["cold", "pending"],
    ["tape", undefined],
    ["old", "archived"],
  ]);
});
