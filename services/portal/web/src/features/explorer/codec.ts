// The state of the explorer as it stands in the address: tab, conditions, order. Pure.

/** Documents that have one of the values, all of them, or none. */
export type Mode = "any" | "all" | "none";

/**
 * A condition on a field. Not to have a value is a choice like a value: `isMissing` says that it is chosen. With
 * `none` that means to have a value; with `all` it cannot be chosen.
 */
export type Condition =
  | { kind: "values"; values: string[]; mode: Mode; isMissing: boolean }
  | { kind: "range"; from: number | undefined; to: number | undefined; isMissing: boolean };

/** Which documents are counted where not all may be read. */
export type Access = "all" | "accessible" | "unaccessible";

export type State = {
  tab: string | undefined;
  conditions: Record<string, Condition>;
  sort: { field: string; isDescending: boolean } | undefined;
  access: Access;
};

/** Arguments of an address. */
export type Search = Record<string, string | undefined>;

const NUMBER = "-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?";
const RANGE = new RegExp(`^(${NUMBER})?\\.\\.(${NUMBER})?$`, "i");
const MODES: Record<string, Mode> = { f: "any", all: "all", not: "none" };
const KINDS: Record<Mode, string> = { any: "f", all: "all", none: "not" };

/** Reads an address. What it has that means nothing is named, so that nothing is dropped in silence. */
export function readState(search: Search): { state: State; dropped: string[] } {
  const state: State = { tab: search.tab || undefined, conditions: {}, sort: undefined, access: "all" };
  const dropped: string[] = [];
  // What is said of missing values belongs to conditions, which may stand after it.
  const later: [string, string][] = [];
  for (const [name, text] of Object.entries(search)) {
    if (text === undefined || name === "tab") continue;
    const [kind, field] = parted(name);
    const condition = field === "" ? undefined : readCondition(kind, text);
    if (condition && !(field in state.conditions)) state.conditions[field] = condition;
    else if (kind === "miss" && field !== "") later.push([field, text]);
    else if (name === "sort" && /^-?[^-]/.test(text)) {
      state.sort = { field: text.replace(/^-/, ""), isDescending: text.startsWith("-") };
    } else if (name === "access" && (text === "accessible" || text === "unaccessible")) state.access = text;
    else if (name === "filters" && readOld(text)) Object.assign(state.conditions, readOld(text));
    else dropped.push(`${name}=${text}`);
  }
  for (const [field, text] of later) {
    if (!addMissing(state.conditions, field, text)) dropped.push(`miss.${field}=${text}`);
  }
  return { state, dropped };
}

const parted = (name: string): [kind: string, field: string] => {
  const at = name.indexOf(".");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
};

function readCondition(kind: string, text: string): Condition | undefined {
  const mode = MODES[kind];
  if (!mode || text === "") return undefined;
  const range = mode === "any" ? RANGE.exec(text) : null;
  if (range && text !== "..") {
    const limit = (text: string | undefined) => (text === undefined ? undefined : Number(text));
    return { kind: "range", from: limit(range[1]), to: limit(range[2]), isMissing: false };
  }
  return { kind: "values", values: split(text), mode, isMissing: false };
}

/** `1`: documents without a value too; `0`: not these. Says whether that fits the other condition on the field. */
function addMissing(conditions: State["conditions"], field: string, text: string): boolean {
  const mode = text === "1" ? "any" : text === "0" ? "none" : undefined;
  const known = conditions[field];
  if (!mode) return false;
  if (!known) {
    conditions[field] = { kind: "values", values: [], mode, isMissing: true };
    return true;
  }
  const fits = known.kind === "range" ? mode === "any" : known.mode === mode;
  if (fits) conditions[field] = { ...known, isMissing: true };
  return fits;
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
    return readOldFilter(filter);
  } catch {
    return undefined;
  }
}

export type Old = {
  selectedValues?: unknown;
  lowerBound?: unknown;
  upperBound?: unknown;
  __combineMode?: unknown;
};

/** Conditions in the form of the older portal, which its configuration has too. */
export function readOldFilter(filter: Record<string, Old>): Record<string, Condition> {
  const read = Object.entries(filter).flatMap(([field, old]): [string, Condition][] => {
    const condition = oldCondition(old);
    return condition ? [[field, condition]] : [];
  });
  return Object.fromEntries(read);
}

function oldCondition({ selectedValues, lowerBound, upperBound, __combineMode }: Old): Condition | undefined {
  if (Array.isArray(selectedValues) && selectedValues.length > 0) {
    const mode = __combineMode === "AND" ? "all" : "any";
    return { kind: "values", values: selectedValues.map(String), mode, isMissing: false };
  }
  const [from, to] = [lowerBound, upperBound].map((limit) => (typeof limit === "number" ? limit : undefined));
  return from === undefined && to === undefined ? undefined : { kind: "range", from, to, isMissing: false };
}

/** Writes the state as arguments of an address; the same state always gives the same ones. */
export function writeState({ tab, conditions, sort, access }: State): Search {
  const search: Search = {};
  if (tab) search.tab = tab;
  for (const field of Object.keys(conditions).sort()) {
    const condition = conditions[field];
    if (!condition || isEmpty(condition)) continue;
    if (condition.kind === "range") {
      if (condition.from !== undefined || condition.to !== undefined) {
        search[`f.${field}`] = `${condition.from ?? ""}..${condition.to ?? ""}`;
      }
    } else if (condition.values.length > 0) {
      const text = condition.values.map((value) => value.replace(/[\\,]/g, "\\$&")).join(",");
      // A value that looks like a range is none.
      const written = condition.mode === "any" && RANGE.test(text) ? `\\${text}` : text;
      search[`${KINDS[condition.mode]}.${field}`] = written;
    }
    if (condition.isMissing) {
      search[`miss.${field}`] = condition.kind === "values" && condition.mode === "none" ? "0" : "1";
    }
  }
  if (sort) search.sort = `${sort.isDescending ? "-" : ""}${sort.field}`;
  if (access !== "all") search.access = access;
  return search;
}

export const isEmpty = (condition: Condition): boolean =>
  !condition.isMissing &&
  (condition.kind === "values"
    ? condition.values.length === 0
    : condition.from === undefined && condition.to === undefined);

/** The state with other conditions on a field; without them if nothing is chosen. */
export function withCondition(state: State, field: string, condition: Condition | undefined): State {
  const { [field]: _, ...others } = state.conditions;
  const isNone = !condition || isEmpty(condition);
  return { ...state, conditions: isNone ? others : { ...others, [field]: condition } };
}

/** Conditions as guppy reads them; undefined for none. */
export function filterOf(conditions: State["conditions"], numbers: Set<string>): unknown {
  const parts = Object.entries(conditions).flatMap(([field, condition]) =>
    partsOf(field, condition, numbers.has(field)),
  );
  return parts.length > 0 ? { AND: parts } : undefined;
}

function partsOf(field: string, condition: Condition, isNumber: boolean): unknown[] {
  const missing = { missing: { [field]: true } };
  if (condition.kind === "range") {
    const { from, to, isMissing } = condition;
    const limits = [
      ...(from === undefined ? [] : [{ ">=": { [field]: from } }]),
      ...(to === undefined ? [] : [{ "<=": { [field]: to } }]),
    ];
    if (!isMissing) return limits;
    return [limits.length === 0 ? missing : { OR: [{ AND: limits }, missing] }];
  }
  const { mode, isMissing } = condition;
  const values = isNumber ? condition.values.map(Number) : condition.values;
  if (mode === "all") return values.map((value) => ({ "=": { [field]: value } }));
  if (mode === "none") {
    return [
      ...(values.length > 0 ? [{ exclude: { [field]: values } }] : []),
      ...(isMissing ? [{ missing: { [field]: false } }] : []),
    ];
  }
  if (!isMissing) return [{ in: { [field]: values } }];
  return [values.length === 0 ? missing : { OR: [{ in: { [field]: values } }, missing] }];
}
