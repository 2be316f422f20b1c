// "Who may read this?", and "why may ann, or why not?".

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { type Allowed, whoQuery } from "../../features/administration/access.ts";
import { explainQuery, type Need } from "../../session/explain.ts";
import { Button, buttonClass, TextBox } from "../../ui/controls.tsx";
import { Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Explained } from "../../ui/why.tsx";
import css from "./page.module.css";

const METHODS = ["read", "read-storage", "create", "update", "delete", "write-storage", "file_upload"];
const SERVICES = ["peregrine", "sheepdog", "guppy", "fence", "indexd", "requestor", "gen3-ops", "audit"];

type Draft = Need & { user: string };

export function WhoMay() {
  const t = useText();
  const search = useSearch({ from: "/admin/access" });
  const navigate = useNavigate({ from: "/admin/access" });
  const { resource = "", method = "", service = "", user = "" } = search;
  const [draft, setDraft] = useState<Draft>({ resource, method, service, user });
  const need: Need = { resource, method, service };
  const go = (asked: Draft) => {
    setDraft(asked);
    const given = Object.entries(asked).filter(([, value]) => value.trim() !== "");
    void navigate({ search: Object.fromEntries(given.map(([name, value]) => [name, value.trim()])) });
  };
  const change = (changed: Partial<Draft>) => setDraft({ ...draft, ...changed });
  return (
    <Part title={t("Who may, and why?")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go(draft);
        }}
        className={css.asking}
      >
        <div className={css.filters}>
          <TextBox
            label={t("Resource")}
            isRequired
            hint={t("for example: /programs/CANCER/projects/lung")}
            value={draft.resource}
            onChange={(resource) => change({ resource })}
          />
          <TextBox
            label={t("Method")}
            hint={t("any without one")}
            options={METHODS}
            value={draft.method}
            onChange={(method) => change({ method })}
          />
          <TextBox
            label={t("Service")}
            hint={t("any without one")}
            options={SERVICES}
            value={draft.service}
            onChange={(service) => change({ service })}
          />
          <TextBox
            label={t("User")}
            hint={t("to see why; everybody without one")}
            value={draft.user}
            onChange={(user) => change({ user })}
          />
        </div>
        <button type="submit" className={buttonClass("primary")}>
          {t("Show")}
        </button>
      </form>
      {resource && user ? <Reasons need={need} user={user} /> : null}
      {resource && !user ? <Everybody need={need} onAsk={(user) => go({ ...need, user })} /> : null}
    </Part>
  );
}

function Reasons({ need, user }: { need: Need; user: string }) {
  const t = useText();
  const found = useQuery(explainQuery(need, user));
  if (found.error) {
    return <Failed error={found.error} what={t("Explanation")} retry={() => void found.refetch()} />;
  }
  if (!found.data) return <Loading lines={3} />;
  return (
    <div role="status">
      <Explained need={need} found={found.data} user={user} />
    </div>
  );
}

type Line = Allowed & { kind: string; isUser: boolean };

function Everybody({ need, onAsk }: { need: Need; onAsk: (user: string) => void }) {
  const t = useText();
  const { time } = useFormats();
  const found = useQuery(whoQuery(need));
  if (found.error) {
    return <Failed error={found.error} what={t("Who may")} retry={() => void found.refetch()} />;
  }
  if (!found.data) return <Loading lines={4} />;
  const { everybody, users, clients, more } = found.data;
  const lines: Line[] = [
    ...everybody.map((one) => ({ ...one, kind: t("everybody"), isUser: false })),
    ...users.map((one) => ({ ...one, kind: t("user"), isUser: true })),
    ...clients.map((one) => ({ ...one, kind: t("client"), isUser: false })),
  ];
  if (lines.length === 0) return <Empty title={t("Nobody may do this")} />;
  const columns: Column<Line>[] = [
    { title: t("Who"), isHeader: true, cell: ({ who }) => <span className={css.name}>{who}</span> },
    { title: t("Kind"), cell: ({ kind }) => kind },
    {
      title: t("By the policies"),
      cell: ({ policies }) => <span className={css.words}>{policies.join(", ")}</span>,
    },
    { title: t("Until"), cell: ({ expires_at }) => (expires_at ? time(expires_at) : t("no end")) },
    {
      title: t("Action"),
      cell: ({ who, isUser }) =>
        isUser ? (
          <Button
            kind="bare"
            aria-label={t("Explain why {user} may", { user: who })}
            onPress={() => onAsk(who)}
          >
            {t("Explain")}
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      <Table
        label={t("Who may")}
        columns={columns}
        rows={lines}
        keyOf={({ kind, who }) => `${kind} ${who}`}
      />
      {more ? <p className="quiet">{t("There are more; ask about a narrower resource.")}</p> : null}
    </>
  );
}
