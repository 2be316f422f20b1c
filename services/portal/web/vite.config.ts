import locales from "@react-aria/optimize-locales-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./scripts/licences.ts";

// Where `npm run dev` finds a running commons.
const commons = process.env.COMMONS_URL ?? "http://localhost:8080";
const services = [
  "/user",
  "/authz",
  "/api",
  "^/index/",
  "/ga4gh",
  "/guppy",
  "/data",
  "/portal/v1",
  "/query",
  "/_status",
  "/_ready",
  "/requestor",
  "/audit",
  "/ops",
  "/job",
  "/manifests",
  "/lw-workspace",
];

export default defineConfig(({ command }) => ({
  // The server of `npm run dev` has the pages where the program has them.
  base: command === "build" ? "/portal/" : "/",
  // Controls speak the languages that the pages do, and not thirty.
  plugins: [{ ...locales.vite({ locales: ["en-US", "es-ES"] }), enforce: "pre" }, react(), licences()],
  // scripts/portal clears the folder; a file of git stays in it.
  build: {
    emptyOutDir: false,
    // scripts/budget.mjs reads what each page loads.
    manifest: true,
    target: "es2023",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    proxy: Object.fromEntries(services.map((path) => [path, { target: commons, changeOrigin: true }])),
  },
}));
