import { expect, test } from "vitest";
import { readDictionary } from "../dictionary/model.ts";
import { check, nearest, together } from "./check.ts";
import { readSheet } from "./sheet.ts";

const DICTIONARY = readDictionary({
  subject: {
    id: "subject",
    required: ["type", "submitter_id", "studies"],
    links: [{ name: "studies", target_type: "study", required: true }],
    properties: {
      type: { enum: ["subject"] },
      submitter_id: { type: "string" },
      sex: { enum: ["Female", "Male", "Unknown"] },
      age: { type: ["integer", "null"], minimum: 0, maximum: 120 },
      weight: { type: "number" },
      smokes: { type: "boolean" },
      md5: { type: "string", pattern: "^[a-f0-9]{4}$" },
      tags: { type: "array", items: { enum: ["a", "b"] } },
      studies: {},
    },
  },
});
const COLUMNS = [
  "type",
  "*submitter_id",
  "studies.submitter_id",
  "sex",
  "age",
  "weight",
  "smokes",
  "md5",
  "tags",
];
const GOOD = ["subject", "s1", "st1", "Female", "42", "7.5e1", "TRUE", "00af", "a, b"];

function found(...rows: string[][]): string[] {
  const text = [COLUMNS, ...rows].map((row) => row.join("\t")).join("\n");
  const sheet = readSheet("t.tsv", text);
  return check(sheet, DICTIONARY).map(({ row, column, problem }) => `${row} ${column} ${problem}`);
}

const like = (changes: Record<number, string>): string[] =>
  GOOD.map((value, index) => changes[index] ?? value);

test("nothing is said against a good table", () => {
  expect(found(GOOD, like({ 1: "s2", 4: "", 5: "", 8: '["a"]' }))).toEqual([]);
});

test("each planted error is found at its cell", () => {
  expect(
    found(
      like({ 0: "subjct" }),
      like({ 1: "" }),
      like({ 1: "s3", 2: "" }),
      like({ 1: "s4", 3: "Femal" }),
      like({ 1: "s5", 4: "4.5" }),
      like({ 1: "s6", 4: "-1" }),
      like({ 1: "s7", 4: "121" }),
      like({ 1: "s8", 5: "heavy" }),
      like({ 1: "s9", 6: "maybe" }),
      like({ 1: "s10", 7: "zzzz" }),
      like({ 1: "s11", 8: "a,c" }),
      GOOD,
      GOOD,
    ),
  ).toEqual([
    "0 type unknown type",
    "1 submitter_id required",
    "2 studies.submitter_id required",
    "3 sex not in the enumeration",
    "4 age not a whole number",
    "5 age too small",
    "6 age too large",
    "7 weight not a number",
    "8 smokes not true or false",
    "9 md5 does not match the pattern",
    "10 tags not in the enumeration",
    "12 submitter_id duplicate",
  ]);
});

test("a misspelt column is named, with what it may mean", () => {
  const sheet = readSheet("t.csv", "type,submitter_id,studies.submitter_id,wieght\nsubject,s1,st1,3\n");
  expect(check(sheet, DICTIONARY)).toMatchObject([{ row: null, column: "wieght", suggestion: "weight" }]);
});

test("a table without the column type says only that", () => {
  expect(check(readSheet("t.tsv", "submitter_id\ns1\n"), DICTIONARY)).toMatchObject([
    { problem: "no type column" },
  ]);
});

test("the nearest word is one that is like it", () => {
  expect(nearest("femal", ["Male", "Female"])).toBe("Female");
  expect(nearest("xyz", ["Female", "administrative"])).toBeNull();
});

test("a place that both have found is told once, and links are told at their column", () => {
  const sheet = readSheet("t.tsv", "type\t*sex\tstudies.submitter_id\nsubject\tx\tst1\n");
  const told = (column: string | null) =>
    ({ row: 0, column, value: "", problem: "refused", detail: "no", suggestion: null }) as const;
  const local = check(sheet, DICTIONARY).filter(({ column }) => column === "sex");
  const all = together(sheet, local, [told("sex"), told("studies"), told(null)]);
  expect(all.map(({ column, problem }) => `${column} ${problem}`)).toEqual([
    "sex not in the enumeration",
    "studies.submitter_id refused",
    "null refused",
  ]);
});
