// The user: who they are, their API keys, and what they may do.

import { useNavigate, useSearch } from "@tanstack/react-router";
import { useText } from "../../app/text.ts";
import { type Rights, type User, useUser } from "../../session/user.ts";
import { SearchBox } from "../../ui/controls.tsx";
import { Page, Part, Row } from "../../ui/page.tsx";
import { Denied, Empty, Loading } from "../../ui/states.tsx";
import { type Column, Facts, Table } from "../../ui/table.tsx";
import { Keys } from "./keys.tsx";

const MOST = 500;

export function Identity() {
  const t = useText();
  const { user, isKnown } = useUser();
  return (
    <Page title={t("Profile")}>
      {isKnown ? user ? <Known user={user} /> : <Denied what={t("Profile")} /> : <Loading />}
    </Page>
  );
}

function Known({ user }: { user: User }) {
  const t = useText();
  return (
    <>
      <Facts
        facts={[
          [t("User name"), user.username],
          [t("Name"), user.display_name],
          [t("E-mail"), user.email],
          [t("Logged in by"), user.idp],
        ]}
      />
      <Keys />
      <Access rights={user.authz} />
    </>
  );
}

type Line = { resource: string; methods: string };

/** Rights as lines; methods of all services are told as `*`, those of one with its name. */
export function lines(rights: Rights, everything: string): Line[] {
  return Object.entries(rights)
    .map(([resource, list]) => {
      const words = list.map(({ service, method }) => {
        const what = method === "*" ? everything : method;
        return service === "*" ? what : `${what} (${service})`;
      });
      return { resource, methods: [...new Set(words)].sort().join(", ") };
    })
    .sort((a, b) => a.resource.localeCompare(b.resource));
}

function Access({ rights }: { rights: Rights }) {
  const t = useText();
  const { q = "" } = useSearch({ from: "/identity" });
  const navigate = useNavigate({ from: "/identity" });
  const all = lines(rights, t("everything"));
  const wanted = q.trim().toLowerCase();
  const rows = all.filter(({ resource, methods }) => `${resource} ${methods}`.toLowerCase().includes(wanted));
  const columns: Column<Line>[] = [
    { title: t("Resource"), isHeader: true, cell: (line) => <code>{line.resource}</code> },
    { title: t("What you may do there, and below it"), cell: (line) => line.methods },
  ];
  return (
    <Part title={t("Access")}>
      {all.length === 0 ? (
        <Empty title={t("You have no rights in this commons yet")}>
          <p className="quiet">{t("Ask its operator for them, and tell your user name.")}</p>
        </Empty>
      ) : (
        <>
          <Row>
            <SearchBox
              label={t("Search resources and methods")}
              value={q}
              onChange={(words) => void navigate({ search: { q: words || undefined }, replace: true })}
            />
            <p role="status" className="quiet">
              {t("{count, plural, one {# resource} other {# resources}}", { count: rows.length })}
            </p>
          </Row>
          <Table
            label={t("Access")}
            columns={columns}
            rows={rows.slice(0, MOST)}
            keyOf={(line) => line.resource}
          />
          {rows.length > MOST ? (
            <p className="quiet">
              {t("The first {count} are shown; search for the others.", { count: MOST })}
            </p>
          ) : null}
        </>
      )}
    </Part>
  );
}
