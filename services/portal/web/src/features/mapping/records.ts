// Records of the graph for files, made by a form. Pure.

import type { Node, Property } from "../dictionary/model.ts";
import type { Entry } from "./files.ts";
import { filled, found, known } from "./pattern.ts";

export type Form = {
  pattern: string;
  submitterId: string;
  /** By the name of the link: the submitter id of what the file hangs on. */
  links: Record<string, string>;
  values: Record<string, string>;
};

/** What the index knows itself, by the names that nodes of files have for it. */
const OF_FILE = ["file_name", "file_size", "md5sum", "object_id"];
const OWN = new Set([...OF_FILE, "type", "id", "submitter_id", "project_id", "state", "file_state"]);

/** The properties that somebody has to fill in for files of this node. */
export const askedOf = (node: Node): Property[] =>
  node.properties.filter(({ name, isRequired, isSystem }) => isRequired && !isSystem && !OWN.has(name));

export const emptyForm = (node: Node): Form => ({
  pattern: "",
  submitterId: "{stem}",
  links: Object.fromEntries(node.links.map(({ name }) => [name, ""])),
  values: Object.fromEntries(askedOf(node).map(({ name, values }) => [name, values[0] ?? ""])),
});

export type Line = { entry: Entry; record: Record<string, unknown> | undefined; problem: string | undefined };

/** A record for each file, or why there is none. `pattern` must be one. */
export function linesOf(entries: Entry[], node: Node, form: Form): Line[] {
  const seen = new Set<string>();
  return entries.map((entry) => {
    const name = entry.file_name ?? "";
    const places = found(form.pattern, name);
    if (!places) return { entry, record: undefined, problem: "the name does not fit the pattern" };
    const values = { ...known(name, entry.did), ...places };
    const record: Record<string, unknown> = { type: node.id };
    const id = filled(form.submitterId, values);
    if (!id) return { entry, record: undefined, problem: "there is no value for the submitter id" };
    if (seen.has(id)) return { entry, record: undefined, problem: `${id} is the submitter id of two files` };
    seen.add(id);
    record.submitter_id = id;
    for (const [link, text] of Object.entries(form.links)) {
      const target = filled(text, values);
      if (target === undefined) return { entry, record: undefined, problem: `there is no value for ${link}` };
      if (target !== "") record[link] = { submitter_id: target };
    }
    for (const property of askedOf(node)) {
      const value = filled(form.values[property.name] ?? "", values);
      if (!value) return { entry, record: undefined, problem: `there is no value for ${property.name}` };
      record[property.name] = typed(property, value);
    }
    const ofFile = [name, entry.size, entry.hashes?.md5, entry.did];
    for (const [place, property] of OF_FILE.entries()) {
      if (node.properties.some((own) => own.name === property)) record[property] = ofFile[place];
    }
    return { entry, record, problem: undefined };
  });
}

function typed(property: Property, value: string): unknown {
  const isNumber = property.types.some((type) => type === "number" || type === "integer");
  if (isNumber && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  if (property.types.includes("boolean") && /^(true|false)$/i.test(value))
    return value.toLowerCase() === "true";
  return property.isList ? value.split(",").map((part) => part.trim()) : value;
}
