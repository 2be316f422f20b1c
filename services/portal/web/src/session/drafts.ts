// What somebody has begun to fill in, kept in this tab until it is sent: a logout, a login and a reload do not lose it.

import { useCallback, useRef, useState } from "react";

const PREFIX = "portal:draft:";
/** Letters of a draft; browsers keep some five million for a site. */
export const LONGEST = 2_000_000;

type Kept = { owner: string; value: unknown };

/** The draft of this name that `owner` has left; nobody else gets it. */
export function readDraft<T>(name: string, owner: string): T | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null") as Kept | null;
    return kept?.owner === owner ? (kept.value as T) : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a draft, or forgets it for `undefined`. Says whether it could be kept. */
export function keepDraft(name: string, owner: string, value: unknown): boolean {
  if (value === undefined) {
    sessionStorage.removeItem(PREFIX + name);
    return true;
  }
  const text = JSON.stringify({ owner, value } satisfies Kept);
  try {
    if (text.length > LONGEST) throw new Error("too long");
    sessionStorage.setItem(PREFIX + name, text);
    return true;
  } catch {
    sessionStorage.removeItem(PREFIX + name);
    return false;
  }
}

/** Who logs out leaves nothing to whoever comes next. */
export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}

/** A state that is kept as a draft. Setting it to `undefined` begins anew. */
export function useDraft<T>(
  name: string,
  owner: string,
  initial: T,
): [value: T, set: (value: T | undefined) => void] {
  const first = useRef(initial);
  const [value, setValue] = useState<T>(() => readDraft<T>(name, owner) ?? initial);
  const set = useCallback(
    (next: T | undefined) => {
      setValue(next ?? first.current);
      keepDraft(name, owner, next);
    },
    [name, owner],
  );
  return [value, set];
}
