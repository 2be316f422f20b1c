// The MD5 of a file, beside the page so that it stays quick.

import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const STEP = 4 * 1024 * 1024;

addEventListener("message", async ({ data: file }: MessageEvent<File>) => {
  try {
    const hash = md5.create();
    for (let at = 0; at < file.size; at += STEP) {
      hash.update(new Uint8Array(await file.slice(at, at + STEP).arrayBuffer()));
    }
    postMessage({ md5: bytesToHex(hash.digest()) });
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
