// One file on its way into the object store.

import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";
import { Problem } from "../../api/problem.ts";
import { missing, PART, type Part, partSize, partsOf, pause, type Stored } from "./parts.ts";
import { begunBy, forget, printOf, remember } from "./remembered.ts";

/** Parts of a file that are sent at the same time. */
const AT_ONCE = 3;
const TRIES = 6;

const Begun = v.object({ guid: v.string(), uploadId: v.string() });
const Single = v.object({ guid: v.string(), url: v.string() });
const Url = v.object({ presigned_url: v.string() });
const Parts = v.object({
  parts: v.array(v.object({ PartNumber: v.number(), ETag: v.string(), Size: v.nullish(v.number()) })),
});

export type Told = {
  /** The record of the file, as soon as there is one. */
  onGuid: (guid: string) => void;
  onSent: (bytes: number) => void;
};

/** Sends a file and answers its GUID. What was sent before, in this browser, is not sent again. */
export async function transfer(file: File, owner: string, signal: AbortSignal, told: Told): Promise<string> {
  if (file.size <= PART) return whole(file, signal, told);
  const print = await printOf(file);
  const known = begunBy(owner).find((begun) => begun.print === print);
  let upload = known;
  let stored: Stored[] = [];
  if (known) {
    try {
      stored = await partsAt(known.guid, file.name, known.uploadId, signal);
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 0 || error.status >= 500) throw error;
      // The commons has given it up, or it is complete.
      forget(known.guid);
      upload = undefined;
    }
  }
  if (!upload) {
    const begun = v.parse(
      Begun,
      await askJson("/user/data/multipart/init", { file_name: file.name }, "POST", signal),
    );
    upload = {
      ...begun,
      owner,
      print,
      name: file.name,
      size: file.size,
      each: partSize(file.size),
      at: Date.now(),
    };
    remember(upload);
  }
  const { guid, uploadId, each } = upload;
  told.onGuid(guid);
  const parts = partsOf(file.size, each);
  const lacking = missing(parts, stored);
  let sent = file.size - lacking.reduce((sum, part) => sum + part.end - part.start, 0);
  told.onSent(sent);
  const send = async (part: Part) => {
    await sendPart(file, part, guid, uploadId, signal);
    sent += part.end - part.start;
    told.onSent(sent);
  };
  await inTurns(lacking, AT_ONCE, send);
  // What the store has is the truth: it also knows tags that another origin's answers do not show.
  const there = await partsAt(guid, file.name, uploadId, signal);
  if (missing(parts, there).length > 0)
    throw new Error("the store has not kept all parts; send the file again");
  const complete = {
    key: `${guid}/${file.name}`,
    uploadId,
    parts: there.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })),
  };
  await askJson("/user/data/multipart/complete", complete, "POST", signal);
  forget(guid);
  return guid;
}

async function whole(file: File, signal: AbortSignal, told: Told): Promise<string> {
  const { guid, url } = v.parse(
    Single,
    await askJson("/user/data/upload", { file_name: file.name }, "POST", signal),
  );
  told.onGuid(guid);
  await again(signal, () => put(url, file, signal));
  told.onSent(file.size);
  return guid;
}

async function sendPart(file: File, part: Part, guid: string, uploadId: string, signal: AbortSignal) {
  const asked = { key: `${guid}/${file.name}`, uploadId, partNumber: part.number };
  // Each try has an address of its own: one that waited for the network has ended.
  await again(signal, async () => {
    const { presigned_url } = v.parse(
      Url,
      await askJson("/user/data/multipart/upload", asked, "POST", signal),
    );
    await put(presigned_url, file.slice(part.start, part.end), signal);
  });
}

async function partsAt(guid: string, name: string, uploadId: string, signal: AbortSignal): Promise<Stored[]> {
  const asked = { key: `${guid}/${name}`, uploadId };
  return v.parse(Parts, await askJson("/user/data/multipart/parts", asked, "POST", signal)).parts;
}

/** Puts bytes at a signed address, which has to be kept out of what is told. */
async function put(url: string, body: Blob, signal: AbortSignal): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(url, { method: "PUT", body, signal, credentials: "omit" });
  } catch (error) {
    if (signal.aborted) throw error;
    const there = new URL(url).origin;
    const why =
      there === location.origin
        ? "the object store does not answer"
        : `${there} does not answer, or does not allow this page to send to it`;
    throw new Problem(0, why, undefined, undefined);
  }
  if (!answer.ok)
    throw new Problem(answer.status, `the object store answers ${answer.status}`, undefined, undefined);
}

/** Tries again what may work the next time. */
async function again(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let count = 0; ; count++) {
    try {
      await work();
      return;
    } catch (error) {
      signal.throwIfAborted();
      const status = error instanceof Problem ? error.status : 400;
      const isPassing = status === 0 || status === 403 || status === 408 || status === 429 || status >= 500;
      if (!isPassing || count + 1 >= TRIES) throw error;
      await waited(pause(count), signal);
    }
  }
}

/** Waits, and for the network too, if there is none. */
function waited(time: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, time);
    addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function inTurns<T>(items: T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const turn = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, turn));
}

/** Gives up what was begun, in the store and in the index. */
export async function giveUp(guid: string, owner: string): Promise<void> {
  const begun = begunBy(owner).find((begun) => begun.guid === guid);
  forget(guid);
  if (begun) {
    const asked = { key: `${guid}/${begun.name}`, uploadId: begun.uploadId };
    await askJson("/user/data/multipart/abort", asked).catch(() => undefined);
  }
  await ask(`/user/data/${guid.split("/").map(encodeURIComponent).join("/")}`, { method: "DELETE" });
}
