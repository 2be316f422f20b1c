// Paths and what they show. Each page is loaded when somebody goes there.

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { Broken, NotFound } from "./error_pages.tsx";
import { Shell } from "./shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../pages/home/page.tsx"), "Home"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: text(search.next) }),
  component: lazyRouteComponent(() => import("../pages/login/page.tsx"), "Login"),
});

const identity = createRoute({
  getParentRoute: () => root,
  path: "/identity",
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import("../pages/identity/page.tsx"), "Identity"),
});

const dictionary = createRoute({
  getParentRoute: () => root,
  path: "/dd",
  validateSearch: (search: Record<string, unknown>): { q?: string; view?: "graph" | "diff" } => ({
    q: text(search.q),
    view: search.view === "graph" || search.view === "diff" ? search.view : undefined,
  }),
  component: lazyRouteComponent(() => import("../pages/dictionary/page.tsx"), "Dictionary"),
});

const node = createRoute({
  getParentRoute: () => root,
  path: "/dd/$node",
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import("../pages/dictionary/node.tsx"), "NodePage"),
});

const property = createRoute({
  getParentRoute: () => root,
  path: "/dd/$node/$property",
  component: lazyRouteComponent(() => import("../pages/dictionary/property.tsx"), "PropertyPage"),
});

const submission = createRoute({
  getParentRoute: () => root,
  path: "/submission",
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import("../pages/submission/page.tsx"), "Submission"),
});

const files = createRoute({
  getParentRoute: () => root,
  path: "/submission/files",
  validateSearch: (search: Record<string, unknown>): { q?: string; message?: string } => ({
    q: text(search.q),
    // What the older portal said here; nobody else puts words into the page.
    message: text(search.message)?.match(/^\d+ files mapped successfully!$/)?.[0],
  }),
  component: lazyRouteComponent(() => import("../pages/files/page.tsx"), "Files"),
});

const requests = createRoute({
  getParentRoute: () => root,
  path: "/requests",
  validateSearch: (search: Record<string, unknown>): { resource?: string } => ({
    resource: text(search.resource),
  }),
  component: lazyRouteComponent(() => import("../pages/requests/page.tsx"), "Requests"),
});

const explorer = createRoute({
  getParentRoute: () => root,
  path: "/explorer",
  // Every argument is a part of its state; it says which mean nothing.
  validateSearch: (search: Record<string, unknown>): Record<string, string> =>
    search as Record<string, string>,
  component: lazyRouteComponent(() => import("../pages/explorer/page.tsx"), "Explorer"),
});

const file = createRoute({
  getParentRoute: () => root,
  path: "/files/$",
  component: lazyRouteComponent(() => import("../pages/file/page.tsx"), "FilePage"),
});

const object = createRoute({
  getParentRoute: () => root,
  path: "/objects/$",
  component: lazyRouteComponent(() => import("../pages/object/page.tsx"), "ObjectPage"),
});

const workspace = createRoute({
  getParentRoute: () => root,
  path: "/workspace",
  component: lazyRouteComponent(() => import("../pages/workspace/page.tsx"), "WorkspacePage"),
});

const status = createRoute({
  getParentRoute: () => root,
  path: "/about/status",
  component: lazyRouteComponent(() => import("../pages/about/status.tsx"), "Status"),
});

const accessibility = createRoute({
  getParentRoute: () => root,
  path: "/about/accessibility",
  component: lazyRouteComponent(() => import("../pages/about/accessibility.tsx"), "Accessibility"),
});

const admin = createRoute({
  getParentRoute: () => root,
  path: "/admin",
  component: lazyRouteComponent(() => import("../pages/admin/page.tsx"), "Administration"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/admin/runs",
  validateSearch: (search: Record<string, unknown>): { kind?: string; state?: string; after?: string } => ({
    kind: text(search.kind),
    state: text(search.state),
    after: text(search.after),
  }),
  component: lazyRouteComponent(() => import("../pages/admin/runs.tsx"), "Runs"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/admin/runs/$run",
  component: lazyRouteComponent(() => import("../pages/admin/run.tsx"), "RunPage"),
});

const users = createRoute({
  getParentRoute: () => root,
  path: "/admin/users",
  validateSearch: (
    search: Record<string, unknown>,
  ): { q?: string; role?: string; active?: string; after?: string } => ({
    q: text(search.q),
    role: text(search.role),
    active: text(search.active),
    after: text(search.after),
  }),
  component: lazyRouteComponent(() => import("../pages/admin/users.tsx"), "Users"),
});

type AuditSearch = {
  category?: string;
  from?: string;
  to?: string;
  user?: string;
  by?: string;
  after?: string;
};

const audit = createRoute({
  getParentRoute: () => root,
  path: "/admin/audit",
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    category: text(search.category),
    from: text(search.from),
    to: text(search.to),
    user: text(search.user),
    by: text(search.by),
    after: text(search.after),
  }),
  component: lazyRouteComponent(() => import("../pages/admin/audit.tsx"), "AuditPage"),
});

type AccessSearch = {
  view?: "policies" | "roles" | "groups" | "resources";
  q?: string;
  resource?: string;
  method?: string;
  service?: string;
  user?: string;
};

const access = createRoute({
  getParentRoute: () => root,
  path: "/admin/access",
  validateSearch: (search: Record<string, unknown>): AccessSearch => ({
    view: (["policies", "roles", "groups", "resources"] as const).find((name) => name === search.view),
    q: text(search.q),
    resource: text(search.resource),
    method: text(search.method),
    service: text(search.service),
    user: text(search.user),
  }),
  component: lazyRouteComponent(() => import("../pages/admin/access.tsx"), "AccessPage"),
});

const storage = createRoute({
  getParentRoute: () => root,
  path: "/admin/storage",
  component: lazyRouteComponent(() => import("../pages/admin/storage.tsx"), "StoragePage"),
});

const site = createRoute({
  getParentRoute: () => root,
  path: "/admin/site",
  component: lazyRouteComponent(() => import("../pages/admin/site.tsx"), "SitePage"),
});

// The query page is a document of its own.
const query = createRoute({
  getParentRoute: () => root,
  path: "/query",
  beforeLoad: ({ location }) => {
    throw redirect({ href: `/query${location.searchStr}`, reloadDocument: true });
  },
});

const project = createRoute({
  getParentRoute: () => root,
  path: "/$project",
  component: lazyRouteComponent(() => import("../pages/project/page.tsx"), "ProjectPage"),
});

const tree = root.addChildren([
  home,
  login,
  identity,
  dictionary,
  node,
  property,
  submission,
  files,
  requests,
  explorer,
  file,
  object,
  workspace,
  status,
  accessibility,
  admin,
  runs,
  run,
  users,
  audit,
  access,
  storage,
  site,
  query,
  project,
]);

export const makeRouter = () =>
  createRouter({
    routeTree: tree,
    // What stands in an address is text, also where it looks like a number.
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      const given = Object.entries(search).filter(([, value]) => value !== undefined) as [string, string][];
      const text = new URLSearchParams(given).toString();
      return text ? `?${text}` : "";
    },
    defaultErrorComponent: Broken,
    defaultPreload: "intent",
    scrollRestoration: true,
    trailingSlash: "never",
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
