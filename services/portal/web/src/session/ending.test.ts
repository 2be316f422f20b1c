import fc from "fast-check";
import { expect, test } from "vitest";
import { endingOf, LEAD, phaseAt, untilNext } from "./ending.ts";

const MINUTE = 60_000;

test("the end of a session is told five minutes before it", () => {
  const ending = endingOf({ ends_in: 900, lasts: 20_000 }, 0);
  expect(ending).toEqual({ at: 15 * MINUTE, warnAt: 10 * MINUTE, canStay: true });
  expect(phaseAt(ending, 10 * MINUTE - 1)).toBe("quiet");
  expect(phaseAt(ending, 10 * MINUTE)).toBe("warned");
  expect(phaseAt(ending, 15 * MINUTE)).toBe("over");
});

test("a session at the end of its life cannot be kept, and its end is told as early", () => {
  expect(endingOf({ ends_in: 400, lasts: 400 }, 0)).toEqual({ at: 400_000, warnAt: 100_000, canStay: false });
  expect(phaseAt(endingOf({ ends_in: 200, lasts: 210 }, 0), 0)).toBe("warned");
});

test("a session that lives for five minutes is not warned of from its beginning", () => {
  expect(phaseAt(endingOf({ ends_in: 300, lasts: 20_000 }, 0), 100_000)).toBe("quiet");
});

test("whatever the service tells, there is a time after which something else is to be told, until it is over", () => {
  fc.assert(
    fc.property(fc.nat(40_000), fc.nat(40_000), fc.nat(40_000_000), (ends_in, more, now) => {
      const ending = endingOf({ ends_in, lasts: ends_in + more }, 0);
      expect(ending.at - ending.warnAt).toBeLessThanOrEqual(LEAD);
      const next = untilNext(ending, now);
      expect(next).toBeGreaterThan(0);
      expect(next === Number.POSITIVE_INFINITY).toBe(phaseAt(ending, now) === "over");
    }),
  );
});
