// The data dictionary as the pages read it. Pure.

import * as v from "valibot";

const Term = v.object({
  description: v.optional(v.string()),
  termDef: v.optional(
    v.union([
      v.object({
        term: v.nullish(v.string()),
        source: v.nullish(v.string()),
        term_url: v.nullish(v.string()),
      }),
      v.array(v.unknown()),
    ]),
  ),
});
const Schema = v.looseObject({
  type: v.optional(v.union([v.string(), v.array(v.string())])),
  enum: v.optional(v.array(v.unknown())),
  description: v.optional(v.string()),
  pattern: v.optional(v.string()),
  format: v.optional(v.string()),
  minimum: v.optional(v.number()),
  maximum: v.optional(v.number()),
  term: v.optional(v.unknown()),
  oneOf: v.optional(v.array(v.unknown())),
  anyOf: v.optional(v.array(v.unknown())),
  items: v.optional(v.unknown()),
  deprecated: v.optional(v.unknown()),
});
const GivenLink = v.looseObject({
  name: v.optional(v.string()),
  target_type: v.optional(v.string()),
  label: v.optional(v.string()),
  multiplicity: v.optional(v.string()),
  required: v.optional(v.boolean(), false),
  subgroup: v.optional(v.array(v.unknown())),
});
const GivenNode = v.looseObject({
  id: v.string(),
  title: v.optional(v.string()),
  category: v.optional(v.string(), ""),
  description: v.optional(v.string(), ""),
  submittable: v.optional(v.boolean(), true),
  required: v.optional(v.array(v.string()), []),
  systemProperties: v.optional(v.array(v.string()), []),
  properties: v.optional(v.record(v.string(), v.unknown()), {}),
  links: v.optional(v.array(v.unknown()), []),
});

export type Link = { name: string; target: string; label: string; multiplicity: string; isRequired: boolean };

export type Property = {
  name: string;
  description: string;
  /** What values are, in words: `string`, `number`, `enumeration`, `string or null`. */
  type: string;
  types: string[];
  values: string[];
  pattern: string | undefined;
  minimum: number | undefined;
  maximum: number | undefined;
  isRequired: boolean;
  isSystem: boolean;
  isList: boolean;
  term: { name: string; source: string; url: string | undefined } | undefined;
};

export type Node = {
  id: string;
  title: string;
  category: string;
  description: string;
  isSubmittable: boolean;
  properties: Property[];
  links: Link[];
};

export type Dictionary = Node[];

/** Keys of the merged dictionary that are no nodes begin so. */
const isNodeKey = (key: string): boolean => !key.startsWith("_") && key !== "metaschema";

/** Reads `_dictionary/_all`. What is no node is left out. */
export function readDictionary(given: unknown): Dictionary {
  const all = v.parse(v.record(v.string(), v.unknown()), given);
  const nodes = Object.entries(all)
    .filter(([key]) => isNodeKey(key))
    .flatMap(([, value]) => {
      const node = v.safeParse(GivenNode, value);
      return node.success ? [readNode(node.output)] : [];
    });
  return nodes.sort((a, b) => a.category.localeCompare(b.category) || a.id.localeCompare(b.id));
}

function readNode(given: v.InferOutput<typeof GivenNode>): Node {
  const links = given.links.flatMap(readLink);
  const linkNames = new Set(links.map((link) => link.name));
  const properties = Object.entries(given.properties)
    .filter(([name]) => !linkNames.has(name))
    .map(([name, schema]) => readProperty(name, schema, given.required, given.systemProperties));
  properties.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  return {
    id: given.id,
    title: given.title ?? given.id,
    category: given.category,
    description: given.description.trim(),
    isSubmittable: given.submittable,
    properties,
    links,
  };
}

const rank = (property: Property): number => (property.isSystem ? 2 : property.isRequired ? 0 : 1);

function readLink(given: unknown): Link[] {
  const link = v.safeParse(GivenLink, given);
  if (!link.success) return [];
  const { name, target_type, label, multiplicity, required, subgroup } = link.output;
  if (subgroup) return subgroup.flatMap(readLink);
  if (!name || !target_type) return [];
  return [
    { name, target: target_type, label: label ?? "", multiplicity: multiplicity ?? "", isRequired: required },
  ];
}

function readProperty(name: string, given: unknown, required: string[], system: string[]): Property {
  const parsed = v.safeParse(Schema, given);
  const schema = parsed.success ? parsed.output : {};
  const branches = [schema, ...[...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].map(branch)];
  const items = branches.flatMap((part) => (part.items === undefined ? [] : [branch(part.items)]));
  const types = [...new Set(branches.flatMap((part) => typesOf(part)))];
  const values = [...branches, ...items].flatMap((part) => part.enum ?? []).map(String);
  const first = <K extends "pattern" | "minimum" | "maximum">(key: K) =>
    branches.map((part) => part[key]).find((value) => value !== undefined);
  return {
    name,
    description: (schema.description ?? termOf(schema.term)?.description ?? "").trim(),
    type: inWords(types, values),
    types,
    values: [...new Set(values)],
    pattern: first("pattern") as string | undefined,
    minimum: first("minimum") as number | undefined,
    maximum: first("maximum") as number | undefined,
    isRequired: required.includes(name),
    isSystem: system.includes(name),
    isList: types.includes("array"),
    term: termOf(schema.term)?.term,
  };
}

type Part = v.InferOutput<typeof Schema>;

function branch(given: unknown): Part {
  const parsed = v.safeParse(Schema, given);
  return parsed.success ? parsed.output : {};
}

function typesOf(part: Part): string[] {
  if (part.type !== undefined) return Array.isArray(part.type) ? part.type : [part.type];
  return part.enum ? ["string"] : [];
}

function inWords(types: string[], values: string[]): string {
  const words = types.map((type) => (type === "string" && values.length > 0 ? "enumeration" : type));
  return words.length > 0 ? words.join(" or ") : "any";
}

function termOf(given: unknown): { description: string; term: Property["term"] } | undefined {
  const parsed = v.safeParse(Term, given);
  if (!parsed.success) return undefined;
  const { description = "", termDef } = parsed.output;
  if (!termDef || Array.isArray(termDef) || !termDef.term) return { description, term: undefined };
  const url = /^https?:\/\//.test(termDef.term_url ?? "") ? (termDef.term_url ?? undefined) : undefined;
  return { description, term: { name: termDef.term, source: termDef.source ?? "", url } };
}

export type Hit = { node: Node; property: Property | undefined };

/** Nodes and properties of which name, title, description or values have every word of `search`. */
export function search(dictionary: Dictionary, words: string, most = 200): Hit[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const has = (...texts: string[]) => {
    const text = texts.join("\n").toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  const hits: (Hit & { weight: number })[] = [];
  for (const node of dictionary) {
    if (has(node.id, node.title, node.description)) {
      hits.push({ node, property: undefined, weight: has(node.id, node.title) ? 0 : 2 });
    }
    for (const property of node.properties) {
      const isNamed = has(property.name, property.name.replaceAll("_", " "));
      if (isNamed || has(property.name, property.description, ...property.values)) {
        hits.push({ node, property, weight: isNamed ? 1 : 3 });
      }
    }
  }
  hits.sort((a, b) => a.weight - b.weight);
  return hits.slice(0, most).map(({ node, property }) => ({ node, property }));
}

/** Nodes by category, in the order in which data are made: from the project down to files. */
export function categories(dictionary: Dictionary): [name: string, nodes: Node[]][] {
  const byName = new Map<string, Node[]>();
  for (const node of dictionary) byName.set(node.category, [...(byName.get(node.category) ?? []), node]);
  const order = ["administrative", "clinical", "biospecimen", "medical_history", "imaging"];
  const place = (name: string) =>
    order.includes(name) ? order.indexOf(name) : name.includes("file") ? 99 : 50;
  return [...byName].sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
}

/** Whether records of the node are files. */
export const isFileNode = (node: Node): boolean => node.category.endsWith("_file");
