// The state of the explorer as it stands in the address: tab, conditions, order, columns. Pure.

export type Condition =
  | { kind: "values"; values: string[]; isExcluded: boolean }
  | { kind: "range"; from: number | undefined; to: number | undefined };

export type State = {
  tab: string | undefined;
  conditions: Record<string, Condition>;
  sort: { field: string; isDescending: boolean } | undefined;
};

/** Arguments of an address. */
export type Search = Record<string, string | undefined>;

const NUMBER = "-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?";
const RANGE = new RegExp(`^(${NUMBER})?\\.\\.(${NUMBER})?$`, "i");

/** Reads an address. What it has that means nothing is named, so that nothing is dropped in silence. */
export function readState(search: Search): { state: State; dropped: string[] } {
  const state: State = { tab: search.tab || undefined, conditions: {}, sort: undefined };
  const dropped: string[] = [];
  for (const [name, text] of Object.entries(search)) {
    if (text === undefined || name === "tab") continue;
    const condition = readCondition(name, text);
    if (condition) state.conditions[name.slice(name.indexOf(".") + 1)] = condition;
    else if (name === "sort" && /^-?[^-]/.test(text)) {
      state.sort = { field: text.replace(/^-/, ""), isDescending: text.startsWith("-") };
    } else if (name === "filters" && readOld(text)) Object.assign(state.conditions, readOld(text));
    else dropped.push(`${name}=${text}`);
  }
  return { state, dropped };
}

function readCondition(name: string, text: string): Condition | undefined {
  const [kind, ...rest] = name.split(".");
  if (rest.join(".") === "" || text === "" || (kind !== "f" && kind !== "not")) return undefined;
  const range = kind === "f" ? RANGE.exec(text) : null;
  if (range && text !== "..") {
    const limit = (text: string | undefined) => (text === undefined ? undefined : Number(text));
    return { kind: "range", from: limit(range[1]), to: limit(range[2]) };
  }
  return { kind: "values", values: split(text), isExcluded: kind === "not" };
}

/** Parts with `,` between them; `\` takes a letter as it is. */
function split(text: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === "\\" && at + 1 < text.length) parts[parts.length - 1] += text[++at] ?? "";
    else if (letter === ",") parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

/** The filters of links of the older portal: JSON in base64. */
function readOld(text: string): Record<string, Condition> | undefined {
  try {
    const bytes = Uint8Array.from(atob(decodeURIComponent(text)), (letter) => letter.charCodeAt(0));
    const { filter } = JSON.parse(new TextDecoder().decode(bytes)) as { filter?: Record<string, Old> };
    if (typeof filter !== "object" || filter === null) return undefined;
    const read = Object.entries(filter).flatMap(([field, old]): [string, Condition][] => {
      const condition = oldCondition(old);
      return condition ? [[field, condition]] : [];
    });
    return Object.fromEntries(read);
  } catch {
    return undefined;
  }
}

type Old = { selectedValues?: unknown; lowerBound?: unknown; upperBound?: unknown };

function oldCondition({ selectedValues, lowerBound, upperBound }: Old): Condition | undefined {
  if (Array.isArray(selectedValues) && selectedValues.length > 0) {
    return { kind: "values", values: selectedValues.map(String), isExcluded: false };
  }
  const [from, to] = [lowerBound, upperBound].map((limit) => (typeof limit === "number" ? limit : undefined));
  return from === undefined && to === undefined ? undefined : { kind: "range", from, to };
}

/** Writes the state as arguments of an address; the same state always gives the same ones. */
export function writeState({ tab, conditions, sort }: State): Search {
  const search: Search = {};
  if (tab) search.tab = tab;
  for (const field of Object.keys(conditions).sort()) {
    const condition = conditions[field];
    if (condition?.kind === "range") search[`f.${field}`] = `${condition.from ?? ""}..${condition.to ?? ""}`;
    else if (condition && condition.values.length > 0) {
      const text = condition.values.map((value) => value.replace(/[\\,]/g, "\\$&")).join(",");
      // A value that looks like a range is none.
      const written = RANGE.test(text) ? `\\${text}` : text;
      search[`${condition.isExcluded ? "not" : "f"}.${field}`] = written;
    }
  }
  if (sort) search.sort = `${sort.isDescending ? "-" : ""}${sort.field}`;
  return search;
}

/** The state with other conditions on a field; without them if nothing is chosen. */
export function withCondition(state: State, field: string, condition: Condition | undefined): State {
  const { [field]: _, ...others } = state.conditions;
  const isEmpty =
    !condition ||
    (condition.kind === "values"
      ? condition.values.length === 0
      : condition.from === undefined && condition.to === undefined);
  return { ...state, conditions: isEmpty ? others : { ...others, [field]: condition } };
}

/** Conditions as guppy reads them; undefined for none. */
export function filterOf(conditions: State["conditions"], numbers: Set<string>): unknown {
  const parts = Object.entries(conditions).flatMap(([field, condition]): unknown[] => {
    if (condition.kind === "range") {
      const { from, to } = condition;
      return [
        ...(from === undefined ? [] : [{ ">=": { [field]: from } }]),
        ...(to === undefined ? [] : [{ "<=": { [field]: to } }]),
      ];
    }
    const values = numbers.has(field) ? condition.values.map(Number) : condition.values;
    return [{ [condition.isExcluded ? "exclude" : "in"]: { [field]: values } }];
  });
  return parts.length > 0 ? { AND: parts } : undefined;
}
