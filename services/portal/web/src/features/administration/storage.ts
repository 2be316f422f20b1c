// The stores of a commons, as operations tell administrators.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";

const text = v.nullish(v.string());
const Held = v.object({ records: v.number(), bytes: v.number() });
const Reach = v.object({ state: v.picklist(["reached", "unreached", "unknown"]), why: text });
const Store = v.object({
  url: v.string(),
  kind: v.string(),
  purposes: v.array(v.string()),
  endpoint: text,
  region: text,
  tier: text,
  storage_class: text,
  capacity: v.nullish(v.number()),
  reach: Reach,
  free: v.nullish(v.number()),
  held: v.nullish(Held),
});
export type Store = v.InferOutput<typeof Store>;
export type Reach = v.InferOutput<typeof Reach>;

const Other = v.object({ url: v.string(), records: v.number(), bytes: v.number() });
export type Other = v.InferOutput<typeof Other>;
const Index = v.object({
  state: v.picklist(["counted", "counting", "unknown", "failed"]),
  why: text,
  counting: v.boolean(),
  counted: text,
  others: v.nullish(v.array(Other)),
  has_more: v.nullish(v.boolean()),
  nowhere: v.nullish(Held),
});
export type Index = v.InferOutput<typeof Index>;

const Tier = v.object({
  name: v.string(),
  storage_class: v.string(),
  packed: v.boolean(),
  grace_days: v.number(),
  default: v.boolean(),
});
export type Tier = v.InferOutput<typeof Tier>;
const Copies = v.object({
  tier: v.string(),
  state: v.string(),
  files: v.number(),
  bytes: v.number(),
  damaged: v.number(),
});
export type Copies = v.InferOutput<typeof Copies>;
const Archive = v.object({ tiers: v.array(Tier), copies: v.array(Copies) });
export type Archive = v.InferOutput<typeof Archive>;

const Storage = v.object({
  looked: v.string(),
  stores: v.array(Store),
  index: Index,
  archive: v.nullish(Archive),
});

/** While records are counted, it is asked again. */
const SOON = 2_000;
const LATER = 60_000;

export const storageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: async ({ signal }) => v.parse(Storage, await ask("/ops/v1/storage", { signal })),
  refetchInterval: ({ state }) => (state.data?.index.counting ? SOON : LATER),
});

/** A store that is nearly full: less than a twentieth of what it has is free. */
export function isNearlyFull({ free, held }: Pick<Store, "free" | "held">): boolean {
  return free !== null && free !== undefined && free < (free + (held?.bytes ?? 0)) / 20;
}

/** A row of the archive: a tier, and its files in one state. */
export type Kept = { tier: Tier; copies: Copies | undefined };

/** Every tier, those without files too, in the order of the configuration; then tiers that are no more. */
export function keptOf({ tiers, copies }: Archive): Kept[] {
  const known = tiers.flatMap((tier): Kept[] => {
    const own = copies.filter(({ tier: name }) => name === tier.name);
    return own.length > 0 ? own.map((copies) => ({ tier, copies })) : [{ tier, copies: undefined }];
  });
  const gone = copies.filter(({ tier }) => !tiers.some(({ name }) => name === tier));
  return [
    ...known,
    ...gone.map((copies) => ({
      tier: { name: copies.tier, storage_class: "", packed: false, grace_days: 0, default: false },
      copies,
    })),
  ];
}
