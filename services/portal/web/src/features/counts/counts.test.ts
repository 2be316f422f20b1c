import { expect, test } from "vitest";
import { readDictionary } from "../dictionary/model.ts";
import { countsOf, kinds, sum } from "./counts.ts";

const node = (id: string, category: string, ...targets: string[]) => ({
  id,
  category,
  links: targets.map((target) => ({ name: `${target}s`, target_type: target })),
});
const DICTIONARY = readDictionary({
  program: node("program", "administrative"),
  project: node("project", "administrative", "program"),
  study: node("study", "administrative", "project"),
  subject: node("subject", "administrative", "study"),
  visit: node("visit", "clinical", "subject"),
  sample: node("sample", "biospecimen", "subject"),
  reads: node("reads", "data_file", "sample"),
});

test("what others hang on is counted, from the project down, and files together", () => {
  expect(kinds(DICTIONARY)).toEqual([
    { title: "study", nodes: ["study"] },
    { title: "subject", nodes: ["subject"] },
    { title: "sample", nodes: ["sample"] },
    { title: "files", nodes: ["reads"] },
  ]);
  expect(kinds([])).toEqual([]);
});

test("a dictionary whose links go in circles is counted too", () => {
  expect(kinds(readDictionary({ a: node("a", "x", "b"), b: node("b", "x", "a") })).length).toBe(2);
});

test("counts come back to their project and node, whatever the ids have in them", () => {
  const { query, read } = countsOf(["p-q", 'x-"y'], ["subject", "reads"]);
  expect(query).toContain('p1_1: _reads_count(project_id: "x-\\"y")');
  const counts = read({ p0_0: 1, p0_1: 2, p1_0: 3, p1_1: null });
  expect(sum(counts, "p-q", { title: "all", nodes: ["subject", "reads"] })).toBe(3);
  expect(sum(counts, 'x-"y', { title: "files", nodes: ["reads"] })).toBe(0);
  expect(sum(counts, "unknown", { title: "files", nodes: ["reads"] })).toBeUndefined();
});
