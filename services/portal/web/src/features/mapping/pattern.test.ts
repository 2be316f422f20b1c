import fc from "fast-check";
import { expect, test } from "vitest";
import { compiled, filled, found, known, places } from "./pattern.ts";

test("a pattern finds its places in a name, and says where it does not fit", () => {
  expect(found("{subject}_{visit}.bam", "s-1_2.bam")).toEqual({ subject: "s-1", visit: "2" });
  expect(found("{subject}_*.bam", "s-1_x_y.bam")).toEqual({ subject: "s-1" });
  expect(found("{subject}.bam", "s.bai")).toBeUndefined();
  expect(found("{subject}.bam", "sxbam")).toBeUndefined();
  expect(found("", "anything")).toEqual({});
  expect(() => compiled("{a}{a}")).toThrow("{a} stands twice");
});

test("texts are made of what was found", () => {
  const values = { ...known("s1.fastq.gz", "g"), ...found("{subject}.*", "s1.fastq.gz") };
  expect(filled("{subject}-{ending}-{guid}", values)).toBe("s1-fastq.gz-g");
  expect(filled("{nothing}", values)).toBeUndefined();
  expect(places("{a} {b}")).toEqual(["a", "b"]);
  expect(known(".hidden", "g").stem).toBe(".hidden");
});

test("a name that was made by a pattern is found by it, whatever its parts are", () => {
  const part = fc.stringMatching(/^[^_\n\r\u2028\u2029]+$/);
  fc.assert(
    fc.property(part, part, (subject, visit) => {
      expect(found("{subject}_{visit}", `${subject}_${visit}`)).toEqual({ subject, visit });
    }),
  );
});
