// What a table lacks by the dictionary, before it is sent. Pure. It is a convenience: the service decides.

import type { Dictionary, Node, Property } from "../dictionary/model.ts";
import type { Sheet } from "./sheet.ts";

export type Finding = {
  /** Index of the row; null for what is wrong with a column, or with all. */
  row: number | null;
  column: string | null;
  value: string;
  problem: Kind;
  /** What the problem is about: the words of the service, a type, a limit. */
  detail: string;
  suggestion: string | null;
};

export type Kind =
  | "no type column"
  | "unknown type"
  | "unknown column"
  | "not in the enumeration"
  | "not a number"
  | "not a whole number"
  | "not true or false"
  | "does not match the pattern"
  | "too small"
  | "too large"
  | "required"
  | "duplicate"
  | "refused";

/** So many findings are told at most; the first ones are enough to begin with. */
const MOST = 1000;

export function check(sheet: Sheet, dictionary: Dictionary): Finding[] {
  const findings: Finding[] = [];
  const typeAt = sheet.columns.findIndex((column) => bare(column) === "type");
  if (typeAt < 0) {
    return [{ row: null, column: null, value: "", problem: "no type column", detail: "", suggestion: null }];
  }
  const nodes = new Map(dictionary.map((node) => [node.id, node]));
  const inUse = new Set<Node>();
  const seen = new Map<string, number>();
  sheet.rows.forEach((row, index) => {
    if (findings.length >= MOST) return;
    const id = (row[typeAt] ?? "").trim();
    const node = nodes.get(id);
    if (!node) {
      const suggestion = nearest(id, [...nodes.keys()]);
      findings.push({
        row: index,
        column: "type",
        value: id,
        problem: "unknown type",
        detail: "",
        suggestion,
      });
      return;
    }
    inUse.add(node);
    findings.push(
      ...checkRow(sheet.columns, row, index, node),
      ...duplicates(sheet.columns, row, index, node, seen),
    );
  });
  return [...unknownColumns(sheet.columns, [...inUse]), ...findings].slice(0, MOST);
}

/**
 * What was found here and what the service has found, each place told once. The service names a link by its name;
 * it is told at the column that has it.
 */
export function together(sheet: Sheet, local: Finding[], told: Finding[]): Finding[] {
  const placed = told.map((finding) => {
    const { column } = finding;
    if (column === null || sheet.columns.some((name) => bare(name) === column)) return finding;
    const ofLink = sheet.columns.find((name) => bare(name).startsWith(`${column}.`));
    return ofLink ? { ...finding, column: bare(ofLink) } : finding;
  });
  const place = ({ row, column }: Finding) => `${row}\n${column}`;
  const known = new Set(local.map(place));
  return [...local, ...placed.filter((finding) => !known.has(place(finding)))];
}

/** Templates mark required columns with a star. */
const bare = (column: string): string => column.trim().replace(/^\*/, "");

/** The link of a column such as `subjects.submitter_id`. */
const linkOf = (column: string, node: Node) => node.links.find((link) => link.name === column.split(".")[0]);

const COMMON = ["type", "id", "project_id", "submitter_id"];

function unknownColumns(columns: string[], nodes: Node[]): Finding[] {
  if (nodes.length === 0) return [];
  const known = (name: string) =>
    COMMON.includes(name) ||
    nodes.some((node) => linkOf(name, node) || node.properties.some((property) => property.name === name));
  const names = nodes.flatMap((node) => [
    ...node.properties.map((property) => property.name),
    ...node.links.map((link) => `${link.name}.submitter_id`),
  ]);
  return columns
    .filter((column) => column.trim() !== "" && !known(bare(column)))
    .map((column) => ({
      row: null,
      column,
      value: column,
      problem: "unknown column" as const,
      detail: "",
      suggestion: nearest(bare(column), names),
    }));
}

function checkRow(columns: string[], row: string[], index: number, node: Node): Finding[] {
  const findings: Finding[] = [];
  const given = new Map(columns.map((column, at) => [bare(column), (row[at] ?? "").trim()]));
  for (const property of node.properties) {
    const value = given.get(property.name) ?? "";
    if (value === "" || value === "null") {
      if (property.isRequired && property.name !== "type") {
        findings.push({ ...at(index, property.name), problem: "required", detail: "", suggestion: null });
      }
      continue;
    }
    findings.push(...checkValue(property, value).map((finding) => ({ ...finding, row: index })));
  }
  for (const link of node.links.filter((link) => link.isRequired)) {
    const columnsOfLink = columns.filter((column) => bare(column).split(".")[0] === link.name);
    if (columnsOfLink.some((column) => (given.get(bare(column)) ?? "") !== "")) continue;
    const column = columnsOfLink[0] ?? `${link.name}.submitter_id`;
    findings.push({ ...at(index, column), problem: "required", detail: link.target, suggestion: null });
  }
  return findings;
}

const at = (row: number, column: string) => ({ row, column, value: "" });

/** What is wrong with a cell of this property. */
export function checkValue(property: Property, text: string): Finding[] {
  if (text.startsWith("json:") || property.types.includes("object")) return [];
  const items = property.isList
    ? text.startsWith("[")
      ? []
      : text.split(",").map((item) => item.trim())
    : [text];
  return items.flatMap((value) => {
    const found = fault(property, value);
    return found ? [{ row: null, column: property.name, value, ...found }] : [];
  });
}

type Fault = Pick<Finding, "problem" | "detail" | "suggestion">;

function fault(property: Property, value: string): Fault | undefined {
  const { types, values, pattern } = property;
  if (values.length > 0) {
    if (values.includes(value) || types.some((type) => isNumeric(type) && isNumber(value))) return undefined;
    return { problem: "not in the enumeration", detail: "", suggestion: nearest(value, values) };
  }
  if (types.includes("string") || types.length === 0) {
    const isBad = pattern !== undefined && types.every((type) => type === "string" || type === "null");
    return isBad && !matches(pattern, value)
      ? { problem: "does not match the pattern", detail: pattern, suggestion: null }
      : undefined;
  }
  if (types.some(isNumeric)) return numeric(property, value);
  if (types.includes("boolean") && !/^(true|false)$/i.test(value)) {
    return { problem: "not true or false", detail: "", suggestion: null };
  }
  return undefined;
}

const isNumeric = (type: string): boolean => type === "number" || type === "integer";
const isNumber = (value: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value);

function numeric({ types, minimum, maximum }: Property, value: string): Fault | undefined {
  if (!isNumber(value)) return { problem: "not a number", detail: "", suggestion: null };
  const number = Number(value);
  if (!types.includes("number") && !Number.isInteger(number)) {
    return { problem: "not a whole number", detail: "", suggestion: null };
  }
  if (minimum !== undefined && number < minimum) {
    return { problem: "too small", detail: String(minimum), suggestion: null };
  }
  if (maximum !== undefined && number > maximum) {
    return { problem: "too large", detail: String(maximum), suggestion: null };
  }
  return undefined;
}

/** A pattern of the dictionary that this browser does not understand matches everything. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

function duplicates(
  columns: string[],
  row: string[],
  index: number,
  node: Node,
  seen: Map<string, number>,
): Finding[] {
  const column = columns.findIndex((column) => bare(column) === "submitter_id");
  const value = column < 0 ? "" : (row[column] ?? "").trim();
  if (!value) return [];
  const key = `${node.id}\n${value}`;
  const first = seen.get(key);
  if (first === undefined) {
    seen.set(key, index);
    return [];
  }
  const detail = String(first);
  return [{ row: index, column: "submitter_id", value, problem: "duplicate", detail, suggestion: null }];
}

/** The known word that is most like `word`, if one is like it at all. */
export function nearest(word: string, known: string[]): string | null {
  const lower = word.toLowerCase();
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = edits(lower, candidate.toLowerCase(), least);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions and replacements from `a` to `b`; `limit` for more than that. */
function edits(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous[b.length] ?? limit;
}
