import fc from "fast-check";
import { expect, test } from "vitest";
import { filterOf, readState, type State, withCondition, writeState } from "./codec.ts";

test("an address is read as its reader would", () => {
  const { state, dropped } = readState({
    tab: "subject",
    "f.sex": "Female,Male",
    "f.age": "40..60",
    "f.weight": "..7.5",
    "not.race": "a\\,b",
    sort: "-age",
  });
  expect(dropped).toEqual([]);
  expect(state).toEqual({
    tab: "subject",
    conditions: {
      sex: { kind: "values", values: ["Female", "Male"], isExcluded: false },
      age: { kind: "range", from: 40, to: 60 },
      weight: { kind: "range", from: undefined, to: 7.5 },
      race: { kind: "values", values: ["a,b"], isExcluded: true },
    },
    sort: { field: "age", isDescending: true },
  });
});

test("what means nothing is named", () => {
  const { dropped } = readState({ "x.sex": "a", "f.": "b", nonsense: "1", filters: "???", sort: "-" });
  expect(dropped).toEqual(["x.sex=a", "f.=b", "nonsense=1", "filters=???", "sort=-"]);
});

test("links of the older portal select the same", () => {
  const filter = {
    sex: { selectedValues: ["Männlich"] },
    age: { lowerBound: 40, upperBound: 60 },
    __combineMode: "AND",
  };
  const text = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify({ filter }))));
  expect(readState({ filters: text }).state.conditions).toEqual({
    sex: { kind: "values", values: ["Männlich"], isExcluded: false },
    age: { kind: "range", from: 40, to: 60 },
  });
});

test("every state comes back from its address", () => {
  const field = fc.stringMatching(/^[a-z_]{1,8}(\.[a-z_]{1,8})?$/);
  const value = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom("1..2", "..", ",", "\\", "\\,", "-1..", "..5"),
  );
  const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), {
    nil: undefined,
  });
  const isZero = (limit: number | undefined) => Object.is(limit, -0);
  const condition = fc.oneof(
    fc.record({
      kind: fc.constant("values" as const),
      values: fc.array(value, { minLength: 1 }),
      isExcluded: fc.boolean(),
    }),
    fc
      .record({ kind: fc.constant("range" as const), from: number, to: number })
      .filter(({ from, to }) => (from !== undefined || to !== undefined) && !isZero(from) && !isZero(to)),
  );
  const state = fc.record({
    tab: fc.option(fc.stringMatching(/^[a-z]{1,8}$/), { nil: undefined }),
    conditions: fc.dictionary(field, condition, { noNullPrototype: true }),
    sort: fc.option(fc.record({ field, isDescending: fc.boolean() }), { nil: undefined }),
  });
  fc.assert(
    fc.property(state, (state) => {
      const address = new URLSearchParams(writeState(state as State) as Record<string, string>).toString();
      const read = readState(Object.fromEntries(new URLSearchParams(address)));
      expect(read).toEqual({ state, dropped: [] });
    }),
  );
});

test("a condition without anything chosen is none", () => {
  const state: State = { tab: undefined, conditions: {}, sort: undefined };
  const chosen = withCondition(state, "sex", { kind: "values", values: ["Female"], isExcluded: false });
  expect(filterOf(chosen.conditions, new Set())).toEqual({ AND: [{ in: { sex: ["Female"] } }] });
  const none = withCondition(chosen, "sex", { kind: "values", values: [], isExcluded: false });
  expect(filterOf(none.conditions, new Set())).toBeUndefined();
});

test("conditions are what guppy reads", () => {
  const { state } = readState({ "f.age": "40..60", "not.year": "2020,2021" });
  expect(filterOf(state.conditions, new Set(["year"]))).toEqual({
    AND: [{ ">=": { age: 40 } }, { "<=": { age: 60 } }, { exclude: { year: [2020, 2021] } }],
  });
});
