// Uploads that were begun and not ended, so that after a reload only missing parts are sent.

import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as v from "valibot";

const KEY = "portal:uploads";
const FIRST = 1024 * 1024;
/** Older ones have been given up by the commons itself. */
const DAYS = 30;

const Begun = v.object({
  owner: v.string(),
  /** What tells the file from others. */
  print: v.string(),
  name: v.string(),
  size: v.number(),
  guid: v.string(),
  uploadId: v.string(),
  each: v.number(),
  at: v.number(),
});
export type Begun = v.InferOutput<typeof Begun>;

/** Name, size, time and the first MiB: what a file is known by when it is chosen again. */
export async function printOf(file: File): Promise<string> {
  const first = new Uint8Array(await file.slice(0, FIRST).arrayBuffer());
  return `${file.name} ${file.size} ${file.lastModified} ${bytesToHex(md5(first))}`;
}

function all(): Begun[] {
  try {
    const list = v.parse(v.array(Begun), JSON.parse(localStorage.getItem(KEY) ?? "[]"));
    return list.filter(({ at }) => at > Date.now() - DAYS * 86_400_000);
  } catch {
    return [];
  }
}

/** Uploads that this user has begun in this browser. */
export const begunBy = (owner: string): Begun[] => all().filter((begun) => begun.owner === owner);

export function remember(begun: Begun): void {
  const others = all().filter(({ guid }) => guid !== begun.guid);
  localStorage.setItem(KEY, JSON.stringify([...others, begun]));
}

export function forget(guid: string): void {
  localStorage.setItem(KEY, JSON.stringify(all().filter((begun) => begun.guid !== guid)));
}
