// How a file is cut into parts, and which of them are still to be sent. Pure.

const MIB = 1024 * 1024;
/** Above this a file goes in parts, so that a break costs no more than one of them. */
export const PART = 16 * MIB;
/** What the stores accept. */
export const MOST_PARTS = 10_000;
export const LARGEST = 5 * 1024 * 1024 * MIB;

export type Part = { number: number; start: number; end: number };

/** Bytes of a part of a file of this size: whole MiB, and never more than [MOST_PARTS] parts. */
export function partSize(size: number): number {
  return Math.max(PART, Math.ceil(size / MOST_PARTS / MIB) * MIB);
}

export function partsOf(size: number, each: number): Part[] {
  const count = Math.max(1, Math.ceil(size / each));
  return Array.from({ length: count }, (_, place) => ({
    number: place + 1,
    start: place * each,
    end: Math.min(size, (place + 1) * each),
  }));
}

export type Stored = { PartNumber: number; ETag: string; Size?: number | null };

/** The parts that the store does not have, or has with another size. */
export function missing(parts: Part[], stored: Stored[]): Part[] {
  const sizes = new Map(stored.map((part) => [part.PartNumber, part.Size]));
  return parts.filter(({ number, start, end }) => {
    const size = sizes.get(number);
    return size === undefined || (size !== null && size !== end - start);
  });
}

/** Milliseconds before a part is tried again, the `count`-th time. */
export const pause = (count: number): number => Math.min(30_000, 1000 * 2 ** count);
