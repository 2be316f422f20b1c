// Who logged in, and who was given which file: by time and user, counted, and as a table to take along.

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Say, useFormats, useText } from "../../app/text.ts";
import { inWords } from "../../app/words.ts";
import {
  type Asked,
  allEntries,
  CATEGORIES,
  type Category,
  COLUMNS,
  categoryOf,
  countQuery,
  dayBefore,
  type Entry,
  entriesQuery,
  GROUPS,
  MOST_EXPORTED,
  shown,
  tsvOf,
} from "../../features/administration/audit.ts";
import { mayDo, type User } from "../../session/user.ts";
import { Actions, Button, buttonClass, Choice, TextBox } from "../../ui/controls.tsx";
import { Part } from "../../ui/page.tsx";
import { save } from "../../ui/save.ts";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { AdminPage, Locked } from "./frame.tsx";
import css from "./page.module.css";

/** Days that are shown where an address names none. */
const USUAL = 7;

export function AuditPage() {
  const t = useText();
  return (
    <AdminPage area="audit" lead={t("Who logged in, and who was given which file.")}>
      {(user) => <Known user={user} />}
    </AdminPage>
  );
}

const categoriesOf = (t: Say): Record<Category, string> => ({
  presigned_url: t("Files given"),
  login: t("Logins"),
});

const namesOf = (t: Say): Record<string, string> => ({
  timestamp: t("When"),
  username: t("User"),
  guid: t("File"),
  action: t("Action"),
  protocol: t("Protocol"),
  resource_paths: t("Resources"),
  status_code: t("Status"),
  idp: t("Identity provider"),
  fence_idp: t("Provider behind it"),
  ip: t("Network address"),
  client_id: t("Client"),
  count: t("How often"),
});

function Known({ user }: { user: User }) {
  const t = useText();
  const search = useSearch({ from: "/admin/audit" });
  const asked: Asked = { ...search, from: search.from ?? dayBefore(new Date(), USUAL) };
  const category = categoryOf(asked.category);
  const resource = `/services/audit/${category}`;
  const what = categoriesOf(t)[category];
  return (
    <>
      <Filters key={JSON.stringify(search)} asked={asked} />
      {mayDo(user.authz, resource, "read", "audit") ? (
        <Found asked={asked} what={what} />
      ) : (
        <Locked what={what} need={{ resource, method: "read", service: "audit" }} />
      )}
    </>
  );
}

function Filters({ asked }: { asked: Asked }) {
  const t = useText();
  const navigate = useNavigate({ from: "/admin/audit" });
  const [draft, setDraft] = useState(asked);
  const category = categoryOf(draft.category);
  const [categories, names] = [categoriesOf(t), namesOf(t)];
  const set = (changed: Asked) => {
    setDraft({ ...draft, ...changed });
    void navigate({ search: { ...draft, ...changed, after: undefined } });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        set({ user: draft.user?.trim() || undefined });
      }}
      className={css.asking}
    >
      <div className={css.filters}>
        <Choice
          label={t("Records")}
          value={category}
          onChange={(chosen) => set({ category: chosen, by: undefined })}
          options={CATEGORIES.map((name) => ({ value: name, label: categories[name] }))}
        />
        <TextBox
          label={t("From")}
          type="date"
          value={draft.from ?? ""}
          onChange={(from) => setDraft({ ...draft, from })}
        />
        <TextBox
          label={t("To")}
          type="date"
          value={draft.to ?? ""}
          onChange={(to) => setDraft({ ...draft, to: to || undefined })}
        />
        <TextBox
          label={t("User")}
          value={draft.user ?? ""}
          onChange={(user) => setDraft({ ...draft, user })}
        />
        <Choice
          label={t("Counted by")}
          value={draft.by ?? ""}
          onChange={(by) => set({ by: by || undefined })}
          options={[
            { value: "", label: t("not counted") },
            ...GROUPS[category].map((name) => ({ value: name, label: names[name] ?? inWords(name) })),
          ]}
        />
      </div>
      <button type="submit" className={buttonClass("primary")}>
        {t("Show")}
      </button>
    </form>
  );
}

function Found({ asked, what }: { asked: Asked; what: string }) {
  const t = useText();
  const { number } = useFormats();
  const entries = useQuery(entriesQuery(asked));
  const count = useQuery(countQuery(asked));
  const words = (count: number) =>
    asked.by
      ? t("{count, plural, one {# group} other {# groups}}", { count })
      : t("{count, plural, one {# record} other {# records}}", { count });
  const next = entries.data?.nextTimeStamp;
  return (
    <Part title={what} aside={<Export asked={asked} isDisabled={!entries.data?.data.length} />}>
      <p role="status" className="quiet">
        {count.data === undefined ? "" : words(count.data)}
      </p>
      {entries.isPending ? <Loading lines={6} /> : null}
      {entries.error ? (
        <Failed error={entries.error} what={what} retry={() => void entries.refetch()} />
      ) : null}
      {entries.data?.data.length === 0 ? (
        <Empty title={t("Nothing was recorded")}>
          <p className="quiet">
            {t(
              "Choose more days, or another user. Services write down what they do if the operator wants it.",
            )}
          </p>
        </Empty>
      ) : null}
      {entries.data?.data.length ? <Entries asked={asked} entries={entries.data.data} /> : null}
      {asked.after || next ? (
        <Actions>
          {asked.after ? (
            <Link to="/admin/audit" search={{ ...asked, after: undefined }}>
              {t("First records")}
            </Link>
          ) : null}
          {next ? (
            <Link to="/admin/audit" search={{ ...asked, after: String(next) }}>
              {t("Later records")}
            </Link>
          ) : null}
        </Actions>
      ) : null}
      {count.data !== undefined && count.data > MOST_EXPORTED ? (
        <p className="quiet small">
          {t("A file has the first {count} of them; choose fewer days for the others.", {
            count: number(MOST_EXPORTED),
          })}
        </p>
      ) : null}
    </Part>
  );
}

/** So many are shown at once: a page of the service may have more. */
const MOST_SHOWN = 200;

function Entries({ asked, entries }: { asked: Asked; entries: Entry[] }) {
  const t = useText();
  const { number } = useFormats();
  const names = namesOf(t);
  const fields = asked.by ? [asked.by, "count"] : COLUMNS[categoryOf(asked.category)];
  const rows = entries.slice(0, MOST_SHOWN).map((entry, place) => ({ entry, place }));
  const columns: Column<(typeof rows)[number]>[] = fields.map((field, place) => ({
    title: names[field] ?? inWords(field),
    isHeader: place === 0,
    isNumber: field === "count",
    cell: ({ entry }) => <Cell field={field} value={entry[field]} />,
  }));
  return (
    <>
      <Table
        label={t("Records")}
        columns={columns}
        rows={rows}
        keyOf={({ entry, place }) => `${shown(entry.id)} ${place}`}
      />
      {entries.length > MOST_SHOWN ? (
        <p className="quiet">
          {t("The first {count} of {all} of this page are shown; the file has all of them.", {
            count: number(MOST_SHOWN),
            all: number(entries.length),
          })}
        </p>
      ) : null}
    </>
  );
}

function Cell({ field, value }: { field: string; value: unknown }) {
  const { time, number } = useFormats();
  const text = shown(value);
  if (field === "timestamp" && text) {
    // The service tells times in UTC, without saying so.
    return (
      <time className="whole" dateTime={`${text}Z`}>
        {time(`${text}Z`)}
      </time>
    );
  }
  if (field === "count" && typeof value === "number") return number(value);
  if (field === "guid" && text) {
    return (
      <a className={css.name} href={`/files/${text.split("/").map(encodeURIComponent).join("/")}`}>
        {text}
      </a>
    );
  }
  return text || "—";
}

function Export({ asked, isDisabled }: { asked: Asked; isDisabled: boolean }) {
  const t = useText();
  const { number } = useFormats();
  const [count, setCount] = useState(0);
  const fetched = useMutation({
    mutationFn: () => allEntries(asked, setCount),
    onSuccess: (entries) => {
      const category = categoryOf(asked.category);
      const name = [category, asked.by, asked.from, asked.to].filter(Boolean).join("_");
      save(
        `${name}.tsv`,
        tsvOf(entries, asked.by ? [asked.by] : COLUMNS[category]),
        "text/tab-separated-values",
      );
    },
  });
  return (
    <>
      <Actions>
        {fetched.isPending ? (
          <span role="status">{t("{count} so far", { count: number(count) })}</span>
        ) : null}
        <Button onPress={() => fetched.mutate()} isDisabled={isDisabled || fetched.isPending}>
          {t("Save as TSV")}
        </Button>
      </Actions>
      {fetched.error ? <Notice kind="bad">{fetched.error.message}</Notice> : null}
    </>
  );
}
