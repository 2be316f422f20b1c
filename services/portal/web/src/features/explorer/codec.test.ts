import fc from "fast-check";
import { expect, test } from "vitest";
import { filterOf, isEmpty, readState, type State, withCondition, writeState } from "./codec.ts";

const values = (...list: string[]) => ({
  kind: "values" as const,
  values: list,
  mode: "any" as const,
  isMissing: false,
});

test("an address is read as its reader would", () => {
  const { state, dropped } = readState({
    tab: "subject",
    "f.sex": "Female,Male",
    "f.age": "40..60",
    "f.weight": "..7.5",
    "not.race": "a\\,b",
    "all.drug": "x,y",
    sort: "-age",
    access: "accessible",
  });
  expect(dropped).toEqual([]);
  expect(state).toEqual({
    tab: "subject",
    conditions: {
      sex: values("Female", "Male"),
      age: { kind: "range", from: 40, to: 60, isMissing: false },
      weight: { kind: "range", from: undefined, to: 7.5, isMissing: false },
      race: { ...values("a,b"), mode: "none" },
      drug: { ...values("x", "y"), mode: "all" },
    },
    sort: { field: "age", isDescending: true },
    access: "accessible",
  });
});

test("not to have a value is a choice, beside others and alone, before and after them", () => {
  const { state, dropped } = readState({
    "miss.sex": "1",
    "f.sex": "Female",
    "f.age": "40..",
    "miss.age": "1",
    "miss.race": "1",
    "miss.drug": "0",
    "not.site": "a",
    "miss.site": "0",
  });
  expect(dropped).toEqual([]);
  expect(state.conditions).toEqual({
    sex: { ...values("Female"), isMissing: true },
    age: { kind: "range", from: 40, to: undefined, isMissing: true },
    race: { ...values(), isMissing: true },
    drug: { ...values(), mode: "none", isMissing: true },
    site: { ...values("a"), mode: "none", isMissing: true },
  });
});

test("what means nothing is named", () => {
  const { dropped } = readState({
    "x.sex": "a",
    "f.": "b",
    nonsense: "1",
    filters: "???",
    sort: "-",
    "all.a": "b",
    "not.a": "c",
    "miss.a": "1",
    "miss.b": "2",
    access: "mine",
  });
  expect(dropped).toEqual([
    "x.sex=a",
    "f.=b",
    "nonsense=1",
    "filters=???",
    "sort=-",
    "not.a=c",
    "access=mine",
    "miss.a=1",
    "miss.b=2",
  ]);
});

test("links of the older portal select the same", () => {
  const filter = {
    sex: { selectedValues: ["Männlich"] },
    drug: { selectedValues: ["a", "b"], __combineMode: "AND" },
    age: { lowerBound: 40, upperBound: 60 },
    __combineMode: "AND",
  };
  const text = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify({ filter }))));
  expect(readState({ filters: text }).state.conditions).toEqual({
    sex: values("Männlich"),
    drug: { ...values("a", "b"), mode: "all" },
    age: { kind: "range", from: 40, to: 60, isMissing: false },
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
    fc
      .record({
        kind: fc.constant("values" as const),
        values: fc.array(value),
        mode: fc.constantFrom("any" as const, "all" as const, "none" as const),
        isMissing: fc.boolean(),
      })
      .filter((given) => !isEmpty(given) && !(given.mode === "all" && given.isMissing)),
    fc
      .record({ kind: fc.constant("range" as const), from: number, to: number, isMissing: fc.boolean() })
      .filter(({ from, to }) => (from !== undefined || to !== undefined) && !isZero(from) && !isZero(to)),
  );
  const state = fc.record({
    tab: fc.option(fc.stringMatching(/^[a-z]{1,8}$/), { nil: undefined }),
    conditions: fc.dictionary(field, condition, { noNullPrototype: true }),
    sort: fc.option(fc.record({ field, isDescending: fc.boolean() }), { nil: undefined }),
    access: fc.constantFrom("all" as const, "accessible" as const, "unaccessible" as const),
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
  const state: State = { tab: undefined, conditions: {}, sort: undefined, access: "all" };
  const chosen = withCondition(state, "sex", values("Female"));
  expect(filterOf(chosen.conditions, new Set())).toEqual({ AND: [{ in: { sex: ["Female"] } }] });
  const none = withCondition(chosen, "sex", values());
  expect(filterOf(none.conditions, new Set())).toBeUndefined();
});

test("conditions are what guppy reads", () => {
  const filter = (search: Record<string, string>) =>
    filterOf(readState(search).state.conditions, new Set(["year"]));
  expect(filter({ "f.age": "40..60", "not.year": "2020,2021" })).toEqual({
    AND: [{ ">=": { age: 40 } }, { "<=": { age: 60 } }, { exclude: { year: [2020, 2021] } }],
  });
  expect(filter({ "all.drug": "a,b" })).toEqual({ AND: [{ "=": { drug: "a" } }, { "=": { drug: "b" } }] });
  expect(filter({ "f.sex": "a", "miss.sex": "1" })).toEqual({
    AND: [{ OR: [{ in: { sex: ["a"] } }, { missing: { sex: true } }] }],
  });
  expect(filter({ "miss.sex": "1" })).toEqual({ AND: [{ missing: { sex: true } }] });
  expect(filter({ "not.sex": "a", "miss.sex": "0" })).toEqual({
    AND: [{ exclude: { sex: ["a"] } }, { missing: { sex: false } }],
  });
  expect(filter({ "f.age": "1..", "miss.age": "1" })).toEqual({
    AND: [{ OR: [{ AND: [{ ">=": { age: 1 } }] }, { missing: { age: true } }] }],
  });
});
