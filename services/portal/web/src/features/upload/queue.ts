// The files that are being uploaded. It goes on while the reader looks at other pages.

import { useSyncExternalStore } from "react";
import { md5Of } from "./hash.ts";
import { LARGEST } from "./parts.ts";
import { giveUp, transfer } from "./transfer.ts";

export type State = "waiting" | "sending" | "done" | "failed" | "stopped";
export type Item = {
  id: number;
  file: File;
  owner: string;
  state: State;
  sent: number;
  guid: string | undefined;
  md5: string | undefined;
  problem: string | undefined;
};

/** Files on their way at the same time. */
const AT_ONCE = 2;

let items: readonly Item[] = [];
let next = 1;
const stops = new Map<number, AbortController>();
const listeners = new Set<() => void>();

function set(id: number, change: Partial<Item>): void {
  items = items.map((item) => (item.id === id ? { ...item, ...change } : item));
  for (const listener of listeners) listener();
}

export function add(files: File[], owner: string): void {
  const added = files.map((file): Item => {
    const problem =
      file.size === 0
        ? "the file is empty"
        : file.size > LARGEST
          ? "the file is larger than 5 TiB"
          : undefined;
    const state = problem ? "failed" : "waiting";
    return { id: next++, file, owner, state, sent: 0, guid: undefined, md5: undefined, problem };
  });
  items = [...items, ...added];
  for (const listener of listeners) listener();
  run();
}

/** Stops it, and keeps what was sent; `resume` goes on. */
export function stop(id: number): void {
  set(id, { state: "stopped" });
  stops.get(id)?.abort();
}

export function resume(id: number): void {
  set(id, { state: "waiting", problem: undefined });
  run();
}

/** Takes it from the list; what was sent of an upload that is not complete is deleted. */
export async function remove(id: number): Promise<void> {
  const item = items.find((item) => item.id === id);
  stops.get(id)?.abort();
  items = items.filter((item) => item.id !== id);
  for (const listener of listeners) listener();
  if (item?.guid && item.state !== "done") await giveUp(item.guid, item.owner).catch(() => undefined);
  run();
}

function run(): void {
  const busy = items.filter(({ state }) => state === "sending").length;
  for (const item of items.filter(({ state }) => state === "waiting").slice(0, AT_ONCE - busy))
    void send(item);
}

async function send(item: Item): Promise<void> {
  const control = new AbortController();
  stops.set(item.id, control);
  set(item.id, { state: "sending" });
  try {
    const hash = md5Of(item.file, control.signal);
    hash.then((md5) => set(item.id, { md5 })).catch(() => undefined);
    const guid = await transfer(item.file, item.owner, control.signal, {
      onGuid: (guid) => set(item.id, { guid }),
      onSent: (sent) => set(item.id, { sent }),
    });
    set(item.id, { guid, md5: await hash, state: "done", sent: item.file.size });
  } catch (error) {
    if (!control.signal.aborted) {
      set(item.id, { state: "failed", problem: error instanceof Error ? error.message : String(error) });
    }
  } finally {
    stops.delete(item.id);
    run();
  }
}

/** All of them, the first that were added first. */
export function useQueue(): readonly Item[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => items,
  );
}

if (typeof window !== "undefined") {
  addEventListener("beforeunload", (event) => {
    if (items.some(({ state }) => state === "sending")) event.preventDefault();
  });
}
