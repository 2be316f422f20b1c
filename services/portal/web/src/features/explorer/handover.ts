// Taking a cohort along: files of it, and other places that it is handed over to.

import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";
import { Problem } from "../../api/problem.ts";
import type { Action, Mapping, TabConfig } from "./config.ts";
import type { Asked } from "./query.ts";

const Ticket = v.object({ download: v.string() });
const Job = v.object({ uid: v.string(), status: v.string() });
const Output = v.object({ output: v.string() });
const Stored = v.object({ filename: v.string() });

/** How often it is asked whether a job has ended. */
const EVERY = 2_000;

/** The address of the manifest of a cohort, of any size. */
export async function manifestHref(asked: Asked, mapping: Mapping): Promise<string> {
  return v.parse(Ticket, await askJson("/guppy/v1/manifest", { ...asked, ...mapping })).download;
}

/** Writes the cohort as a PFB. Answers its address, or with `guid` the GUID that it has got. */
export async function pfb(
  asked: Asked,
  action: string,
  format: "url" | "guid",
  signal: AbortSignal,
): Promise<string> {
  const input = { filter: asked.filter ?? {}, root_node: asked.type };
  const order = { action, input, ...(format === "guid" ? { access_format: "guid" } : {}) };
  let job = v.parse(Job, await askJson("/job/dispatch", order, "POST", signal));
  while (job.status !== "Completed") {
    if (job.status === "Failed")
      throw new Problem(
        500,
        await outputOf(job.uid, signal).catch(() => "the export has failed"),
        undefined,
        undefined,
      );
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    signal.throwIfAborted();
    job = v.parse(Job, await ask(`/job/status?UID=${encodeURIComponent(job.uid)}`, { signal }));
  }
  const [first = ""] = (await outputOf(job.uid, signal)).trim().split("\n");
  return first;
}

const outputOf = async (uid: string, signal: AbortSignal): Promise<string> =>
  v.parse(Output, await ask(`/job/output?UID=${encodeURIComponent(uid)}`, { signal })).output;

/** Puts the manifest of a cohort, or the PFB of this GUID, where the reader's workspace has it. Answers its name. */
export async function toWorkspace(given: { href: string } | { guid: string }): Promise<string> {
  if ("guid" in given)
    return v.parse(Stored, await askJson("/manifests/cohorts", { guid: given.guid })).filename;
  const manifest = await ask(given.href);
  return v.parse(Stored, await askJson("/manifests/", manifest)).filename;
}

/** Where the browser goes with a PFB that is at this address; undefined where nothing is configured. */
export function elsewhere(action: Action, tab: TabConfig, url: string): string | undefined {
  const pair = `format=PFB&url=${encodeURIComponent(url)}`;
  if (action.type === "export" || action.type === "export-files") {
    const templates = tab.terraTemplate
      .map((template) => `&template=${encodeURIComponent(template)}`)
      .join("");
    return outside(tab.terraUrl && `${tab.terraUrl}?${pair}${templates}`);
  }
  if (action.type.endsWith("seven-bridges"))
    return outside(tab.sevenBridgesUrl && `${tab.sevenBridgesUrl}?${pair}`);
  const filled = action.template
    ?.replaceAll("{{PRESIGNED_URL}}", encodeURIComponent(url))
    .replaceAll("{{ORIGIN}}", encodeURIComponent(`${location.origin}/`));
  return outside(filled);
}

/** An address of the operator, if a browser may be sent there. */
const outside = (href: string | undefined): string | undefined =>
  href && /^(https?:\/\/|\/(?!\/))/.test(href) ? href : undefined;

/** What a kind of button does. */
export type Job = "rows" | "manifest" | "pfb" | "pfb-elsewhere" | "manifest-workspace" | "pfb-workspace";

const JOBS: Record<string, Job> = {
  data: "rows",
  "data-json": "rows",
  "data-tsv": "rows",
  "data-csv": "rows",
  manifest: "manifest",
  "file-manifest": "manifest",
  export: "pfb-elsewhere",
  "export-files": "pfb-elsewhere",
  "export-to-pfb": "pfb",
  "export-files-to-pfb": "pfb",
  "export-pfb-to-url": "pfb-elsewhere",
  "export-file-pfb-to-url": "pfb-elsewhere",
  "export-to-seven-bridges": "pfb-elsewhere",
  "export-files-to-seven-bridges": "pfb-elsewhere",
  "export-to-workspace": "manifest-workspace",
  "export-files-to-workspace": "manifest-workspace",
  "export-pfb-to-workspace": "pfb-workspace",
};

export const jobOf = (action: Action): Job | undefined => JOBS[action.type];
