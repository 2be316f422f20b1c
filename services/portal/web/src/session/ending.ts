// When a session ends, and when that is told. Pure.

import * as v from "valibot";

/** Seconds until the session ends if nothing is asked any more, and until it ends whatever is asked. */
export const Told = v.object({ ends_in: v.number(), lasts: v.number() });
export type Told = v.InferOutput<typeof Told>;

/** Times are those of this browser's clock, in milliseconds. */
export type Ending = { at: number; warnAt: number; canStay: boolean };

/** So long before the end it is told. */
export const LEAD = 5 * 60_000;
/** A session that lives for a few minutes only is not warned of all the time. */
const SHORTEST_LEAD = 20_000;
/** What is won by staying, at least. */
const WORTH = 30_000;

export function endingOf(told: Told, now: number): Ending {
  const [left, lasts] = [told.ends_in * 1000, told.lasts * 1000];
  const canStay = lasts - left >= WORTH;
  const lead = canStay ? Math.min(LEAD, Math.max(left / 3, SHORTEST_LEAD)) : LEAD;
  return { at: now + left, warnAt: now + left - lead, canStay };
}

export type Phase = "quiet" | "warned" | "over";

export function phaseAt(ending: Ending, now: number): Phase {
  if (now >= ending.at) return "over";
  return now >= ending.warnAt ? "warned" : "quiet";
}

/** Milliseconds until something has to be told that was not before. */
export function untilNext(ending: Ending, now: number): number {
  const phase = phaseAt(ending, now);
  if (phase === "over") return Number.POSITIVE_INFINITY;
  if (phase === "quiet") return ending.warnAt - now;
  // Minutes are told, and the last one in tens of seconds.
  const left = ending.at - now;
  return Math.max(left % (left > 60_000 ? 60_000 : 10_000), 250);
}
