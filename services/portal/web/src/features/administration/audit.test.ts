import fc from "fast-check";
import { expect, test } from "vitest";
import { asArguments, dayBefore, secondOf, shown, tsvOf } from "./audit.ts";

test("days become the seconds from the first to the last of them", () => {
  const args = asArguments({ from: "2030-01-31", to: "2030-01-31", user: "ann" });
  const [start, stop] = [Number(args.get("start")), Number(args.get("stop"))];
  expect(stop - start).toBe(86_400);
  expect(new Date(start * 1000).getDate()).toBe(31);
  expect(args.get("username")).toBe("ann");
  expect(asArguments({ from: "yesterday", to: "2030-99-99" }).size).toBe(0);
  expect(secondOf(undefined)).toBeUndefined();
});

test("the day before the first of a month is the last of the one before", () => {
  expect(dayBefore(new Date(2030, 2, 1, 12), 1)).toBe("2030-02-28");
  expect(dayBefore(new Date(2030, 0, 5), 0)).toBe("2030-01-05");
});

test("records are counted by what their category has, and by nothing else", () => {
  expect(asArguments({ category: "login", by: "idp" }).get("groupby")).toBe("idp");
  expect(asArguments({ category: "login", by: "guid" }).has("groupby")).toBe(false);
  expect(asArguments({ category: "nothing", by: "guid" }).get("groupby")).toBe("guid");
});

test("values are shown in words", () => {
  expect([null, undefined, ["/a", "/b"], { a: 1 }, false].map(shown)).toEqual([
    "",
    "",
    "/a, /b",
    '{"a":1}',
    "false",
  ]);
});

test("a table has the first columns first, and no formula", () => {
  const entries = [
    { username: "=1+1", sub: -5 },
    { username: "a\tb\nc", ip: "::1" },
  ];
  expect(tsvOf(entries, ["ip", "username", "none"])).toBe("ip\tusername\tsub\n\t'=1+1\t-5\n::1\ta b c\t\n");
});

test("whatever records hold, each is a line of as many cells", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string({ minLength: 1 }), fc.string())), (entries) => {
      const lines = tsvOf(entries, []).split("\n").slice(0, -1);
      expect(lines.length).toBe(entries.length + 1);
      expect(new Set(lines.map((line) => line.split("\t").length)).size).toBe(1);
    }),
  );
});
