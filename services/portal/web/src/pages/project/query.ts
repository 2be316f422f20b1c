import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { graph, quoted } from "../../api/graph.ts";

const Project = v.object({
  code: v.string(),
  name: v.nullish(v.string()),
  state: v.nullish(v.string()),
  programs: v.array(v.object({ name: v.string() })),
});

/** A project; null if there is none of this id that the reader may see. */
export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: ["project", id],
    queryFn: async ({ signal }) => {
      const query = `{ project(project_id: ${quoted(id)}, first: 1) { code name state programs { name } } }`;
      const { project = [] } = await graph(query, signal);
      const [found] = v.parse(v.array(Project), project);
      const program = found?.programs[0]?.name;
      if (!found || program === undefined) return null;
      return { program, code: found.code, name: found.name ?? "", state: found.state ?? "" };
    },
  });

const Transaction = v.object({
  id: v.union([v.string(), v.number()]),
  submitter: v.nullish(v.string()),
  role: v.nullish(v.string()),
  state: v.nullish(v.string()),
  is_dry_run: v.nullish(v.boolean()),
  created_datetime: v.nullish(v.string()),
});

export type Transaction = v.InferOutput<typeof Transaction>;

/** How many of the last transactions are shown. */
export const LAST = 20;

export const logQuery = (program: string, code: string) =>
  queryOptions({
    queryKey: ["log", program, code],
    queryFn: async ({ signal }) => {
      const project = quoted(code);
      const query = `{ transaction_log(program: ${quoted(program)}, project: ${project}, last: ${LAST}, order_by_desc: "id") {
        id submitter role state is_dry_run created_datetime } }`;
      const { transaction_log = [] } = await graph(query, signal);
      return v.parse(v.array(Transaction), transaction_log).sort((a, b) => Number(b.id) - Number(a.id));
    },
  });
