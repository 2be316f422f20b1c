/** The MD5 of a file, which a worker computes. */
export function md5Of(file: File, signal: AbortSignal): Promise<string> {
  const worker = new Worker(new URL("./hash.worker.ts", import.meta.url), { type: "module" });
  const done = new Promise<string>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    worker.onmessage = ({ data }: MessageEvent<{ md5?: string; error?: string }>) =>
      data.md5 ? resolve(data.md5) : reject(new Error(data.error ?? "the file cannot be read"));
    worker.onerror = (event) => reject(new Error(event.message || "the checksum cannot be computed"));
    worker.postMessage(file);
  });
  return done.finally(() => worker.terminate());
}
