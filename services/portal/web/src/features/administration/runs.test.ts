import fc from "fast-check";
import { expect, test } from "vitest";
import { grown, outcomeOf, type Parameter, paramsOf, type Run } from "./runs.ts";

const parameter = (name: string, form: Parameter["form"], required = false): Parameter => ({
  name,
  form,
  required,
  purpose: "",
});
const ALL = [
  parameter("selector", "json", true),
  parameter("force", "flag"),
  parameter("rate", "number"),
  parameter("tier", "text"),
];

test("what is filled in becomes parameters of their types, and empty fields none", () => {
  const filled = { selector: '{"project": "a-b"}', force: "true", rate: " 7 ", tier: "cold", other: "x" };
  expect(paramsOf(ALL, filled)).toEqual({
    params: { selector: { project: "a-b" }, force: true, rate: 7, tier: "cold" },
    missing: [],
    wrong: [],
  });
  expect(paramsOf(ALL, { force: "", tier: "  " })).toEqual({ params: {}, missing: ["selector"], wrong: [] });
});

test("what is no number and no JSON is told", () => {
  expect(paramsOf(ALL, { selector: "{", rate: "1.5" }).wrong).toEqual(["selector", "rate"]);
  expect(paramsOf(ALL, { selector: "[]", rate: "fast" }).wrong).toEqual(["rate"]);
});

test("of a run is told what failed, what is being done, or the first figures", () => {
  const run: Run = {
    id: "1",
    kind: "etl",
    state: "succeeded",
    progress: { done: 1, what: "reading" },
    result: { objects: 7, list: [1], dry_run: true, none: null, name: "a", more: 1 },
    attempt: 1,
    attempts: 3,
    created: "",
    due: "",
  };
  expect(outcomeOf(run)).toBe("objects: 7, dry_run: true, name: a");
  expect(outcomeOf({ ...run, state: "running" })).toBe("reading");
  expect(outcomeOf({ ...run, state: "failed", error: "no disk" })).toBe("no disk");
  expect(outcomeOf({ ...run, state: "canceled" })).toBe("");
});

test("a log keeps its last lines, and counts the others", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string())), fc.integer({ min: 1, max: 5 }), (parts, most) => {
      const log = parts.reduce((log, part) => grown(log, part, most), {
        lines: [] as string[],
        dropped: 0,
      });
      const all = parts.flat();
      expect(log.lines).toEqual(all.slice(-most));
      expect(log.dropped).toBe(all.length - log.lines.length);
    }),
  );
});
