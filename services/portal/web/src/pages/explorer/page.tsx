// The explorer: what there is of each kind, narrowed by facets, counted, drawn, listed, taken along.

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useMemo, useState } from "react";
import { type Say, useFormats, useText } from "../../app/text.ts";
import { inWords } from "../../app/words.ts";
import {
  type Condition,
  filterOf,
  readState,
  type Search,
  type State,
  withCondition,
  writeState,
} from "../../features/explorer/codec.ts";
import {
  columnsOf,
  configQuery,
  fieldsOf,
  type TabConfig,
  usualTab,
} from "../../features/explorer/config.ts";
import {
  type Asked,
  facetsQuery,
  type Index,
  indicesQuery,
  isNumeric,
} from "../../features/explorer/query.ts";
import { useUser } from "../../session/user.ts";
import { CodePanel } from "../../ui/code.tsx";
import { Button, Choice } from "../../ui/controls.tsx";
import { Page, Part } from "../../ui/page.tsx";
import { Denied, Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { HandOver } from "./actions.tsx";
import { Charts } from "./charts.tsx";
import { FacetPanel } from "./facet.tsx";
import css from "./page.module.css";
import { Rows } from "./rows.tsx";

export function Explorer() {
  const t = useText();
  const { user, isKnown } = useUser();
  const indices = useQuery(indicesQuery);
  const config = useQuery(configQuery);
  const isHere = isKnown && !config.isPending;
  return (
    <Page title={t("Explorer")} lead={t("Narrow what there is, see how much is left, and take it along.")}>
      {indices.isPending || !isHere ? <Loading lines={6} /> : null}
      {indices.error ? (
        <Failed error={indices.error} what={t("Explorer")} retry={() => void indices.refetch()} />
      ) : null}
      {config.data?.wrong.length ? (
        <Notice kind="caution">
          <strong>{t("Parts of this explorer’s configuration cannot be read, and were left out")}</strong>
          <code>{config.data.wrong.join(", ")}</code>
        </Notice>
      ) : null}
      {indices.data?.length === 0 ? (
        <Empty title={t("There is no search index yet")}>
          <p className="quiet">
            {t("The ETL makes it from the graph; its operator looks at it by this command:")}
          </p>
          <code>commons etl status</code>
        </Empty>
      ) : null}
      {indices.data?.length && isHere ? (
        !user && indices.data.every(({ documents }) => documents === 0) ? (
          <Denied what={t("Explorer")} />
        ) : (
          <Tabs indices={indices.data} configured={config.data?.tabs ?? []} />
        )
      ) : null}
    </Page>
  );
}

type Tab = { tab: TabConfig; index: Index };

/** The configured tabs of which there is an index; one for each index where none is configured. */
function tabsOf(indices: Index[], configured: TabConfig[]): Tab[] {
  const known = configured.flatMap((tab) => {
    const index = indices.find(({ type }) => type === tab.type);
    return index ? [{ tab, index }] : [];
  });
  return known.length > 0 ? known : indices.map((index) => ({ index, tab: usualTab(index, indices) }));
}

function Tabs({ indices, configured }: { indices: Index[]; configured: TabConfig[] }) {
  const t = useText();
  const { number } = useFormats();
  const search = useSearch({ from: "/explorer" }) as Search;
  const navigate = useNavigate({ from: "/explorer" });
  const { state, dropped } = useMemo(() => readState(search), [search]);
  const tabs = useMemo(() => tabsOf(indices, configured), [indices, configured]);
  const here = tabs.find(({ tab }) => tab.key === state.tab) ?? tabs[0];
  if (!here) return null;
  const { tab, index } = here;
  const go = (next: State) =>
    void navigate({ search: writeState(next) as Record<string, string>, resetScroll: false });
  const unknown = Object.keys(state.conditions).filter(
    (name) => !index.fields.some(({ field }) => field === name),
  );
  const odd = [...dropped, ...unknown.map((name) => `${name} (${t("no field of this kind")})`)];
  return (
    <div className={css.explorer}>
      <nav id="guppy-explorer-main-tabs" aria-label={t("Kinds of documents")} className={css.tabs}>
        {tabs.map((other) => (
          <button
            key={other.tab.key}
            type="button"
            aria-current={other.tab.key === tab.key ? "page" : undefined}
            onClick={() => go({ tab: other.tab.key, conditions: {}, sort: undefined, access: "all" })}
          >
            {other.tab.title ?? inWords(other.index.type)}{" "}
            <span className="number quiet">{number(Math.max(0, other.index.documents))}</span>
          </button>
        ))}
      </nav>
      {odd.length > 0 ? (
        <Notice kind="caution">
          <strong>{t("Parts of this address mean nothing here, and were left out")}</strong>
          <code>{odd.join(", ")}</code>
        </Notice>
      ) : null}
      <One key={tab.key} index={index} tab={tab} state={known(state, here)} onChange={go} />
    </div>
  );
}

/** The state without conditions on fields that the index does not have. */
function known(state: State, { tab, index }: Tab): State {
  const names = new Set(index.fields.map(({ field }) => field));
  const conditions = Object.fromEntries(Object.entries(state.conditions).filter(([name]) => names.has(name)));
  return { ...state, conditions, tab: tab.key };
}

/** Facets stand beside the documents where there is room, and are folded above them where there is none. */
const isWide = matchMedia("(min-width: 56.0625rem)").matches;

type Props = { index: Index; tab: TabConfig; state: State; onChange: (state: State) => void };

function useAsked({ index, tab, state }: Props): Asked {
  return useMemo(() => {
    const numbers = new Set(index.fields.filter(isNumeric).map(({ field }) => field));
    const filter = filterOf({ ...tab.fixed, ...state.conditions }, numbers);
    const asked = { type: index.type, filter };
    return state.access === "all" ? asked : { ...asked, accessibility: state.access };
  }, [index, tab, state.conditions, state.access]);
}

function One(props: Props) {
  const t = useText();
  const { index, tab, state, onChange } = props;
  const { number, time } = useFormats();
  const [more, setMore] = useState<Record<string, string>>({});
  const groups = useMemo(() => fieldsOf(tab, index), [tab, index]);
  const columns = useMemo(() => columnsOf(tab, index), [tab, index]);
  const asked = useAsked(props);
  const fields = useMemo(() => groups.flatMap(({ fields }) => fields), [groups]);
  const facets = useQuery(facetsQuery(asked, fields, state.conditions, more));
  const nameOf = (field: string) => tab.names[field] ?? inWords(field);
  const set = (field: string, condition: Condition | undefined) =>
    onChange(withCondition(state, field, condition));
  const total = facets.data?.total;
  const names = [
    ...columns.map(({ field }) => field),
    ...(index.fields.some(({ field }) => field === "object_id") ? ["object_id"] : []),
  ];
  return (
    <>
      <Chips state={state} fixed={tab.fixed} nameOf={nameOf} onChange={onChange} />
      <div className={css.total} data-stale={facets.isPlaceholderData || undefined}>
        <p role="status">
          <strong className="number">{total === undefined ? "…" : total < 0 ? "—" : number(total)}</strong>{" "}
          {t("of {all} documents", { all: number(Math.max(0, index.documents)) })}
        </p>
        {index.as_of ? (
          <p className="quiet small">{t("Data as of {time}", { time: time(index.as_of) })}</p>
        ) : null}
      </div>
      {index.tier === "regular" ? <Locks index={index} state={state} onChange={onChange} /> : null}
      {facets.error ? (
        <Failed error={facets.error} what={t("Figures")} retry={() => void facets.refetch()} />
      ) : null}
      <div className={css.columns}>
        <details className={`guppy-data-explorer__filter ${css.facets}`} open={isWide}>
          <summary>{t("Facets")}</summary>
          {facets.isPending ? <Loading lines={6} /> : null}
          {groups.map(({ title, fields }) => (
            <div key={title ?? ""}>
              {title ? <h2 className={css.group}>{title}</h2> : null}
              {fields.map((field) => {
                const facet = facets.data?.fields.find((facet) => facet.field === field.field);
                const [condition, words] = [state.conditions[field.field], more[field.field] ?? ""];
                // What has nothing to choose from is not shown.
                const isEmpty =
                  !isNumeric(field) && facet?.buckets?.length === 0 && !condition && words === "";
                return facet && !isEmpty ? (
                  <FacetPanel
                    key={field.field}
                    field={field}
                    name={nameOf(field.field)}
                    limit={index.limit ?? undefined}
                    facet={facet}
                    condition={condition}
                    onChange={(condition) => set(field.field, condition)}
                    search={words}
                    onSearch={(words) => setMore({ ...more, [field.field]: words })}
                  />
                ) : null;
              })}
            </div>
          ))}
        </details>
        <div className={css.results}>
          <Charts index={index} asked={asked} charts={tab.charts} nameOf={nameOf} />
          <Rows
            key={JSON.stringify(asked)}
            index={index}
            asked={asked}
            fields={columns}
            names={names}
            nameOf={nameOf}
            state={state}
            onChange={onChange}
          />
          <HandOver asked={asked} tab={tab} names={names} total={total} />
          <Part title={t("For programs")}>
            <CodePanel title={t("For programs")} snippets={snippets(asked)} />
          </Part>
        </div>
      </div>
    </>
  );
}

/** Where not all may be read: what is hidden, why, and how to see only what one may. */
function Locks({ index, state, onChange }: Omit<Props, "tab">) {
  const t = useText();
  return (
    <Notice kind="denied">
      <strong>{t("Some of these documents you may count and not read")}</strong>
      <span>
        {t("Figures that tell of fewer than {limit} such documents are locked.", {
          limit: index.limit ?? 0,
        })}{" "}
        <a href="/requests">{t("Request access")}</a>
      </span>
      <Choice
        label={t("Documents")}
        value={state.access}
        onChange={(access) => onChange({ ...state, access: access as State["access"] })}
        options={[
          { value: "all", label: t("all of them") },
          { value: "accessible", label: t("those that I may read") },
          { value: "unaccessible", label: t("those that I may not read") },
        ]}
      />
    </Notice>
  );
}

/** A condition in words. */
function words(t: Say, name: string, condition: Condition): string {
  const missing = condition.isMissing ? [t("no value")] : [];
  if (condition.kind === "range") {
    const { from, to } = condition;
    const isNone = from === undefined && to === undefined;
    return `${name}: ${[...(isNone ? [] : [`${from ?? "…"} – ${to ?? "…"}`]), ...missing].join(", ")}`;
  }
  const list = [...condition.values, ...missing];
  if (condition.mode === "all") return `${name}: ${list.join(` ${t("and")} `)}`;
  return `${condition.mode === "none" ? `${t("not")} ` : ""}${name}: ${list.join(", ")}`;
}

function Chips(props: {
  state: State;
  fixed: TabConfig["fixed"];
  nameOf: (field: string) => string;
  onChange: (state: State) => void;
}) {
  const t = useText();
  const { state, fixed, nameOf, onChange } = props;
  const entries = Object.entries(state.conditions);
  const always = Object.entries(fixed).filter(([field]) => !(field in state.conditions));
  if (entries.length + always.length === 0) return null;
  return (
    <ul className={css.chips} aria-label={t("Conditions")}>
      {always.map(([field, condition]) => (
        <li key={field} className={css.fixed}>
          {words(t, nameOf(field), condition)}
        </li>
      ))}
      {entries.map(([field, condition]) => (
        <li key={field}>
          <button
            type="button"
            aria-label={t("Remove {condition}", { condition: words(t, nameOf(field), condition) })}
            onClick={() => onChange(withCondition(state, field, undefined))}
          >
            {words(t, nameOf(field), condition)} <X size={14} aria-hidden />
          </button>
        </li>
      ))}
      {entries.length > 0 ? (
        <li>
          <Button kind="bare" onPress={() => onChange({ ...state, conditions: {} })}>
            {t("Remove all")}
          </Button>
        </li>
      ) : null}
    </ul>
  );
}

function snippets(asked: Asked): Record<string, string> {
  const body = JSON.stringify({ ...asked, size: 100 });
  return {
    Python: `import json, requests
from gen3.auth import Gen3Auth

auth = Gen3Auth(refresh_file="credentials.json")
asked = json.loads(r'''${body}''')
print(requests.post("${location.origin}/guppy/v1/rows", json=asked, auth=auth).json())`,
    curl: `curl -H "Authorization: bearer $TOKEN" -H "Content-Type: application/json" \\
  "${location.origin}/guppy/v1/rows" -d '${body.replaceAll("'", "'\\''")}'`,
  };
}
