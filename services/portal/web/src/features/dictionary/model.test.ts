import { expect, test } from "vitest";
import { categories, readDictionary, search } from "./model.ts";

const GIVEN = {
  _definitions: { UUID: {} },
  metaschema: { id: "metaschema" },
  subject: {
    id: "subject",
    title: "Subject",
    category: "administrative",
    description: "A person in a study.",
    required: ["type", "submitter_id"],
    systemProperties: ["id"],
    links: [
      { subgroup: [{ name: "studies", target_type: "study", multiplicity: "many_to_one", required: true }] },
    ],
    properties: {
      type: { enum: ["subject"] },
      id: { type: "string" },
      submitter_id: { type: ["string", "null"] },
      studies: { type: "object" },
      sex: {
        enum: ["Female", "Male"],
        term: { description: "Sex at birth", termDef: { term: "Sex", source: "caDSR" } },
      },
      age: { oneOf: [{ type: "integer", minimum: 0, maximum: 120 }, { type: "null" }] },
      tags: { type: "array", items: { enum: ["a", "b"] } },
    },
  },
  study: { id: "study", category: "administrative", properties: {} },
};

test("what is no node is left out, and what a node is linked by is no property", () => {
  const dictionary = readDictionary(GIVEN);
  expect(dictionary.map((node) => node.id)).toEqual(["study", "subject"]);
  const subject = dictionary[1];
  expect(subject?.links).toEqual([
    { name: "studies", target: "study", label: "", multiplicity: "many_to_one", isRequired: true },
  ]);
  expect(subject?.properties.map(({ name }) => name)).toEqual([
    "submitter_id",
    "type",
    "age",
    "sex",
    "tags",
    "id",
  ]);
});

test("types are told in words, also those of branches and of lists", () => {
  const subject = readDictionary(GIVEN)[1];
  const property = (name: string) => subject?.properties.find((property) => property.name === name);
  expect(property("age")).toMatchObject({ type: "integer or null", minimum: 0, maximum: 120 });
  expect(property("sex")).toMatchObject({
    type: "enumeration",
    values: ["Female", "Male"],
    description: "Sex at birth",
  });
  expect(property("tags")).toMatchObject({ isList: true, values: ["a", "b"] });
  expect(property("sex")?.term).toEqual({ name: "Sex", source: "caDSR", url: undefined });
});

test("a search finds names first, then descriptions and values", () => {
  const dictionary = readDictionary(GIVEN);
  const found = (words: string) =>
    search(dictionary, words).map(({ node, property }) => property?.name ?? node.id);
  expect(found("sub")).toEqual(["subject", "submitter_id", "type"]);
  expect(found("person study")).toEqual(["subject"]);
  expect(found("female")).toEqual(["sex"]);
  expect(found("submitter id")).toEqual(["submitter_id"]);
  expect(found("  ")).toEqual([]);
});

test("categories stand in the order in which data are made", () => {
  const node = (category: string) =>
    ({ ...readDictionary(GIVEN)[0], category }) as ReturnType<typeof readDictionary>[0];
  const names = categories(["data_file", "biospecimen", "other", "administrative"].map(node)).map(
    ([name]) => name,
  );
  expect(names).toEqual(["administrative", "biospecimen", "other", "data_file"]);
});
