// What rights are made of, and who may do what. All of it is read only: rights come from user.yaml and from requests.

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useFormats, useText } from "../../app/text.ts";
import {
  fitting,
  type Group,
  groupsQuery,
  type Policy,
  policiesQuery,
  type Resource,
  type Role,
  resourcesQuery,
  rolesQuery,
} from "../../features/administration/access.ts";
import { kindsQuery } from "../../features/administration/runs.ts";
import { SearchBox } from "../../ui/controls.tsx";
import { Part, Row } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { WhoMay } from "./access_who.tsx";
import { AdminPage } from "./frame.tsx";
import css from "./page.module.css";

export const VIEWS = ["who", "policies", "roles", "groups", "resources"] as const;
export type View = (typeof VIEWS)[number];

export function AccessPage() {
  const t = useText();
  return (
    <AdminPage
      area="access"
      lead={t("Who may do what, and why; of which policies, roles and groups that is made.")}
    >
      {() => <Known />}
    </AdminPage>
  );
}

function Known() {
  const t = useText();
  const { view = "who" } = useSearch({ from: "/admin/access" });
  const titles: Record<View, string> = {
    who: t("Who may"),
    policies: t("Policies"),
    roles: t("Roles"),
    groups: t("Groups"),
    resources: t("Resources"),
  };
  return (
    <>
      <nav className={css.views} aria-label={t("Views of the rights")}>
        {VIEWS.map((name) => (
          <Link
            key={name}
            to="/admin/access"
            search={{ view: name === "who" ? undefined : name }}
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={name === view ? "page" : undefined}
          >
            {titles[name]}
          </Link>
        ))}
      </nav>
      {view === "who" ? <WhoMay /> : null}
      {view === "policies" ? <Policies title={titles.policies} /> : null}
      {view === "roles" ? <Roles title={titles.roles} /> : null}
      {view === "groups" ? <Groups title={titles.groups} /> : null}
      {view === "resources" ? <Resources title={titles.resources} /> : null}
      <Source />
    </>
  );
}

/** Where rights are changed. */
function Source() {
  const t = useText();
  // Who may see no runs is told the same without the link.
  const kinds = useQuery({ ...kindsQuery, retry: false });
  const hasSync = kinds.data?.kinds.some(({ kind }) => kind === "usersync") ?? false;
  return (
    <Notice>
      <span>
        {hasSync
          ? t(
              "Rights are read only here: they come from this commons’ user.yaml. Change the file, and load it:",
            )
          : t(
              "Rights are read only here: they come from user.yaml and from granted requests. To load the file:",
            )}{" "}
        {hasSync ? (
          <Link to="/admin/runs" search={{ kind: "usersync" }}>
            {t("runs of usersync")}
          </Link>
        ) : (
          <code>commons user sync user.yaml</code>
        )}
      </span>
    </Notice>
  );
}

/** Rows that are shown at once. */
const MOST = 200;

type Listed<T> = {
  title: string;
  found: { data: T[] | undefined; error: Error | null; refetch: () => unknown };
  columns: Column<T>[];
  textOf: (item: T) => string;
  keyOf: (item: T) => string;
};

/** A list that is searched by words. */
function List<T>({ title, found, columns, textOf, keyOf }: Listed<T>) {
  const t = useText();
  const { number } = useFormats();
  const { q = "", view } = useSearch({ from: "/admin/access" });
  const navigate = useNavigate({ from: "/admin/access" });
  const all = found.data ? fitting(found.data, q, textOf) : [];
  return (
    <Part title={title}>
      <Row>
        <SearchBox
          label={t("Search")}
          value={q}
          onChange={(words) => void navigate({ search: { view, q: words || undefined }, replace: true })}
        />
        <p role="status" className="quiet">
          {found.data
            ? t("{count, plural, =0 {No match} one {# match} other {# matches}}", { count: all.length })
            : ""}
        </p>
      </Row>
      {found.error ? <Failed error={found.error} what={title} retry={() => void found.refetch()} /> : null}
      {!found.data && !found.error ? <Loading lines={5} /> : null}
      {found.data && all.length === 0 ? <Empty title={t("Nothing is found")} /> : null}
      {all.length > 0 ? (
        <Table label={title} columns={columns} rows={all.slice(0, MOST)} keyOf={keyOf} />
      ) : null}
      {all.length > MOST ? (
        <p className="quiet">
          {t("The first {count} are shown; search for the others.", { count: number(MOST) })}
        </p>
      ) : null}
    </Part>
  );
}

/** Names of one cell: a group may have thousands of members. */
const MOST_NAMES = 30;

/** Names with commas between them. */
function Names({ of }: { of: string[] }) {
  const t = useText();
  return (
    <span className={css.words}>
      {of.slice(0, MOST_NAMES).map((name, place) => (
        <span key={name}>
          {place > 0 ? ", " : ""}
          <code>{name}</code>
        </span>
      ))}
      {of.length > MOST_NAMES ? (
        <span className="quiet"> {t("and {count} more", { count: of.length - MOST_NAMES })}</span>
      ) : null}
    </span>
  );
}

function Policies({ title }: { title: string }) {
  const t = useText();
  const columns: Column<Policy>[] = [
    { title: t("Policy"), isHeader: true, cell: ({ id }) => <span className={css.name}>{id}</span> },
    { title: t("Roles"), cell: ({ roles }) => <Names of={roles.map(({ id }) => id)} /> },
    { title: t("Resources"), cell: ({ resource_paths }) => <Names of={resource_paths} /> },
    {
      title: t("What it is"),
      cell: ({ description }) => (description ? <span className={css.words}>{description}</span> : ""),
    },
  ];
  return (
    <List
      title={title}
      found={useQuery(policiesQuery)}
      columns={columns}
      keyOf={({ id }) => id}
      textOf={({ id, roles, resource_paths, description }) =>
        [id, ...roles.map((role) => role.id), ...resource_paths, description ?? ""].join(" ")
      }
    />
  );
}

function Roles({ title }: { title: string }) {
  const t = useText();
  const actions = ({ permissions }: Role) => [
    ...new Set(permissions.map(({ action }) => `${action.method} (${action.service})`)),
  ];
  const columns: Column<Role>[] = [
    { title: t("Role"), isHeader: true, cell: ({ id }) => <span className={css.name}>{id}</span> },
    { title: t("What it permits"), cell: (role) => <Names of={actions(role)} /> },
    {
      title: t("What it is"),
      cell: ({ description }) => (description ? <span className={css.words}>{description}</span> : ""),
    },
  ];
  return (
    <List
      title={title}
      found={useQuery(rolesQuery)}
      columns={columns}
      keyOf={({ id }) => id}
      textOf={(role) => [role.id, ...actions(role), role.description ?? ""].join(" ")}
    />
  );
}

function Groups({ title }: { title: string }) {
  const t = useText();
  const words: Record<string, string> = {
    anonymous: t("everybody"),
    "logged-in": t("everybody who is logged in"),
  };
  const columns: Column<Group>[] = [
    {
      title: t("Group"),
      isHeader: true,
      cell: ({ name }) => (
        <>
          {name} {words[name] ? <span className="quiet small">{words[name]}</span> : null}
        </>
      ),
    },
    { title: t("Members"), cell: ({ users }) => <Names of={users} /> },
    { title: t("Policies"), cell: ({ policies }) => <Names of={policies} /> },
  ];
  return (
    <List
      title={title}
      found={useQuery(groupsQuery)}
      columns={columns}
      keyOf={({ name }) => name}
      textOf={({ name, users, policies }) => [name, ...users, ...policies].join(" ")}
    />
  );
}

function Resources({ title }: { title: string }) {
  const t = useText();
  const columns: Column<Resource>[] = [
    {
      title: t("Resource"),
      isHeader: true,
      cell: ({ path }) => (
        <Link to="/admin/access" search={{ resource: path }} className={css.name}>
          {path}
        </Link>
      ),
    },
    {
      title: t("What it is"),
      cell: ({ description }) => (description ? <span className={css.words}>{description}</span> : ""),
    },
  ];
  return (
    <List
      title={title}
      found={useQuery(resourcesQuery)}
      columns={columns}
      keyOf={({ path }) => path}
      textOf={({ path, description }) => `${path} ${description ?? ""}`}
    />
  );
}
