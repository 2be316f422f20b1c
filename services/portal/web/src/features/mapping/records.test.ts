import { expect, test } from "vitest";
import { readDictionary } from "../dictionary/model.ts";
import type { Entry } from "./files.ts";
import { askedOf, emptyForm, linesOf } from "./records.ts";

const [node] = readDictionary({
  reads: {
    id: "reads",
    category: "data_file",
    required: ["type", "submitter_id", "file_name", "file_size", "md5sum", "data_format", "lanes", "samples"],
    systemProperties: ["id", "state"],
    links: [{ name: "samples", target_type: "sample", multiplicity: "many_to_one", required: true }],
    properties: {
      type: { enum: ["reads"] },
      id: { type: "string" },
      submitter_id: { type: "string" },
      file_name: { type: "string" },
      file_size: { type: "integer" },
      md5sum: { type: "string" },
      object_id: { type: "string" },
      data_format: { enum: ["BAM", "CRAM"] },
      lanes: { type: "integer" },
      note: { type: "string" },
    },
  },
});
if (!node) throw new Error("no node");

const entry = (file_name: string, did: string): Entry => ({
  did,
  file_name,
  size: 5,
  hashes: { md5: `m${did}` },
  created_date: null,
});

test("a form asks for what neither the index nor the file's name knows", () => {
  expect(askedOf(node).map(({ name }) => name)).toEqual(["data_format", "lanes"]);
  expect(emptyForm(node)).toEqual({
    pattern: "",
    submitterId: "{stem}",
    links: { samples: "" },
    values: { data_format: "BAM", lanes: "" },
  });
});

test("each file gets a record by its name, or a reason why not", () => {
  const form = {
    pattern: "{sample}_L{lane}.bam",
    submitterId: "{sample}-{lane}",
    links: { samples: "{sample}" },
    values: { data_format: "BAM", lanes: "{lane}" },
  };
  const lines = linesOf(
    [entry("s1_L2.bam", "1"), entry("other.txt", "2"), entry("s1_L2.bam", "3")],
    node,
    form,
  );
  expect(lines[0]?.record).toEqual({
    type: "reads",
    submitter_id: "s1-2",
    samples: { submitter_id: "s1" },
    data_format: "BAM",
    lanes: 2,
    file_name: "s1_L2.bam",
    file_size: 5,
    md5sum: "m1",
    object_id: "1",
  });
  expect(lines.slice(1).map(({ problem }) => problem)).toEqual([
    "the name does not fit the pattern",
    "s1-2 is the submitter id of two files",
  ]);
});

test("a file for which something is missing gets no record", () => {
  const form = { ...emptyForm(node), links: { samples: "{sample}" } };
  expect(linesOf([entry("a.bam", "1")], node, form)[0]?.problem).toBe("there is no value for samples");
  expect(linesOf([entry("a.bam", "1")], node, emptyForm(node))[0]?.problem).toBe(
    "there is no value for lanes",
  );
});
