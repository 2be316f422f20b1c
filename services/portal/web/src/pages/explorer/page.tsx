// The explorer: what there is of each kind, narrowed by facets, counted, listed, downloaded.

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useMemo, useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
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
  facetFields,
  facetsQuery,
  type Index,
  indicesQuery,
  isNumeric,
} from "../../features/explorer/query.ts";
import { useUser } from "../../session/user.ts";
import { CodePanel } from "../../ui/code.tsx";
import { Button } from "../../ui/controls.tsx";
import { Page, Part } from "../../ui/page.tsx";
import { Denied, Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { inWords } from "../dictionary/page.tsx";
import { FacetPanel } from "./facet.tsx";
import css from "./page.module.css";
import { Rows } from "./rows.tsx";

export function Explorer() {
  const t = useText();
  const { user, isKnown } = useUser();
  const indices = useQuery(indicesQuery);
  return (
    <Page title={t("Explorer")} lead={t("Narrow what there is, see how much is left, and take it along.")}>
      {indices.isPending || !isKnown ? <Loading lines={6} /> : null}
      {indices.error ? (
        <Failed error={indices.error} what={t("Explorer")} retry={() => void indices.refetch()} />
      ) : null}
      {indices.data?.length === 0 ? (
        <Empty title={t("There is no search index yet")}>
          <p className="quiet">
            {t("The ETL makes it from the graph; its operator looks at it by this command:")}
          </p>
          <code>commons etl status</code>
        </Empty>
      ) : null}
      {indices.data?.length && isKnown ? (
        !user && indices.data.every(({ documents }) => documents === 0) ? (
          <Denied what={t("Explorer")} />
        ) : (
          <Tabs indices={indices.data} />
        )
      ) : null}
    </Page>
  );
}

function Tabs({ indices }: { indices: Index[] }) {
  const t = useText();
  const { number } = useFormats();
  const search = useSearch({ from: "/explorer" }) as Search;
  const navigate = useNavigate({ from: "/explorer" });
  const { state, dropped } = useMemo(() => readState(search), [search]);
  const index = indices.find(({ type }) => type === state.tab) ?? indices[0];
  if (!index) return null;
  const go = (next: State) =>
    void navigate({ search: writeState(next) as Record<string, string>, resetScroll: false });
  const unknown = Object.keys(state.conditions).filter(
    (name) => !index.fields.some(({ field }) => field === name),
  );
  const odd = [...dropped, ...unknown.map((name) => `${name} (${t("no field of this kind")})`)];
  return (
    <div className={css.explorer}>
      <nav id="guppy-explorer-main-tabs" aria-label={t("Kinds of documents")} className={css.tabs}>
        {indices.map(({ type, documents }) => (
          <button
            key={type}
            type="button"
            aria-current={type === index.type ? "page" : undefined}
            onClick={() => go({ tab: type, conditions: {}, sort: undefined })}
          >
            {inWords(type)} <span className="number quiet">{number(Math.max(0, documents))}</span>
          </button>
        ))}
      </nav>
      {odd.length > 0 ? (
        <Notice kind="caution">
          <strong>{t("Parts of this address mean nothing here, and were left out")}</strong>
          <code>{odd.join(", ")}</code>
        </Notice>
      ) : null}
      <One key={index.type} index={index} state={known(state, index)} onChange={go} />
    </div>
  );
}

/** The state without conditions on fields that the index does not have. */
function known(state: State, index: Index): State {
  const names = new Set(index.fields.map(({ field }) => field));
  const conditions = Object.fromEntries(Object.entries(state.conditions).filter(([name]) => names.has(name)));
  return { ...state, conditions, tab: index.type };
}

/** Facets stand beside the documents where there is room, and are folded above them where there is none. */
const isWide = matchMedia("(min-width: 56.0625rem)").matches;

type Props = { index: Index; state: State; onChange: (state: State) => void };

function One({ index, state, onChange }: Props) {
  const t = useText();
  const { number, time } = useFormats();
  const [more, setMore] = useState<Record<string, string>>({});
  const fields = useMemo(() => facetFields(index), [index]);
  const asked = useMemo(() => {
    const numbers = new Set(index.fields.filter(isNumeric).map(({ field }) => field));
    return { type: index.type, filter: filterOf(state.conditions, numbers) };
  }, [index, state.conditions]);
  const facets = useQuery(facetsQuery(asked, fields, state.conditions, more));
  const set = (field: string, condition: Condition | undefined) =>
    onChange(withCondition(state, field, condition));
  const total = facets.data?.total;
  return (
    <>
      <Chips state={state} onChange={onChange} />
      <div className={css.total} data-stale={facets.isPlaceholderData || undefined}>
        <p role="status">
          <strong className="number">{total === undefined ? "…" : total < 0 ? "—" : number(total)}</strong>{" "}
          {t("of {all} documents", { all: number(Math.max(0, index.documents)) })}
        </p>
        {index.as_of ? (
          <p className="quiet small">{t("Data as of {time}", { time: time(index.as_of) })}</p>
        ) : null}
      </div>
      {facets.error ? (
        <Failed error={facets.error} what={t("Figures")} retry={() => void facets.refetch()} />
      ) : null}
      <div className={css.columns}>
        <details className={`guppy-data-explorer__filter ${css.facets}`} open={isWide}>
          <summary>{t("Facets")}</summary>
          {facets.isPending ? <Loading lines={6} /> : null}
          {fields.map((field) => {
            const facet = facets.data?.fields.find((facet) => facet.field === field.field);
            const [condition, words] = [state.conditions[field.field], more[field.field] ?? ""];
            // What has nothing to choose from is not shown.
            const isEmpty = !isNumeric(field) && facet?.buckets?.length === 0 && !condition && words === "";
            return facet && !isEmpty ? (
              <FacetPanel
                key={field.field}
                field={field}
                facet={facet}
                condition={condition}
                onChange={(condition) => set(field.field, condition)}
                search={words}
                onSearch={(words) => setMore({ ...more, [field.field]: words })}
              />
            ) : null;
          })}
        </details>
        <div className={css.results}>
          <Rows key={JSON.stringify(asked)} index={index} asked={asked} state={state} onChange={onChange} />
          <Part title={t("For programs")}>
            <CodePanel title={t("For programs")} snippets={snippets(asked)} />
          </Part>
        </div>
      </div>
    </>
  );
}

function Chips({ state, onChange }: { state: State; onChange: (state: State) => void }) {
  const t = useText();
  const entries = Object.entries(state.conditions);
  if (entries.length === 0) return null;
  const words = (field: string, condition: Condition) =>
    condition.kind === "range"
      ? `${inWords(field)}: ${condition.from ?? "…"} – ${condition.to ?? "…"}`
      : `${condition.isExcluded ? `${t("not")} ` : ""}${inWords(field)}: ${condition.values.join(", ")}`;
  return (
    <ul className={css.chips} aria-label={t("Conditions")}>
      {entries.map(([field, condition]) => (
        <li key={field}>
          <button
            type="button"
            aria-label={t("Remove {condition}", { condition: words(field, condition) })}
            onClick={() => onChange(withCondition(state, field, undefined))}
          >
            {words(field, condition)} <X size={14} aria-hidden />
          </button>
        </li>
      ))}
      <li>
        <Button kind="bare" onPress={() => onChange({ ...state, conditions: {} })}>
          {t("Remove all")}
        </Button>
      </li>
    </ul>
  );
}

function snippets(asked: { type: string; filter: unknown }): Record<string, string> {
  const body = JSON.stringify({ type: asked.type, filter: asked.filter, size: 100 });
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
