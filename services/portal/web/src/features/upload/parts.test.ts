import fc from "fast-check";
import { expect, test } from "vitest";
import { LARGEST, MOST_PARTS, missing, PART, partSize, partsOf } from "./parts.ts";

test("the parts of a file are the file, and no more than the stores take", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
      // Of all magnitudes.
      const size = Math.floor(LARGEST ** share);
      const each = partSize(size);
      const parts = partsOf(size, each);
      expect(each).toBeGreaterThanOrEqual(PART);
      expect(parts.length).toBeLessThanOrEqual(MOST_PARTS);
      expect(parts[0]?.start).toBe(0);
      expect(parts.at(-1)?.end).toBe(size);
      expect(parts.every(({ start }, place) => start === place * each)).toBe(true);
    }),
  );
});

test("what the store has whole is not sent again", () => {
  const parts = partsOf(25, 10);
  const stored = [
    { PartNumber: 1, ETag: "a", Size: 10 },
    { PartNumber: 3, ETag: "c", Size: 4 },
  ];
  expect(missing(parts, stored).map(({ number }) => number)).toEqual([2, 3]);
  expect(missing(parts, [{ PartNumber: 1, ETag: "a", Size: null }]).map(({ number }) => number)).toEqual([
    2, 3,
  ]);
  expect(missing(partsOf(0, 10), [])).toEqual([{ number: 1, start: 0, end: 0 }]);
});
