import "./theme/tokens.css";
import "./theme/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { applyScheme, storedScheme } from "./theme/scheme.ts";

applyScheme(storedScheme());
// Paths have one spelling, as ever: no slash at the end, and no two beside each other.
const path = location.pathname.replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
if (path !== location.pathname) history.replaceState(null, "", `${path}${location.search}${location.hash}`);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
