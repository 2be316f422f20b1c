// A facet: values to choose with their numbers, or a range with its distribution.

import { Lock } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import type { Condition, Mode } from "../../features/explorer/codec.ts";
import { type Facet, type Field, isNumeric } from "../../features/explorer/query.ts";
import ui from "../../ui/ui.module.css";
import css from "./page.module.css";

type Props = {
  field: Field;
  name: string;
  /** Groups of fewer documents are locked. */
  limit: number | undefined;
  facet: Facet;
  condition: Condition | undefined;
  onChange: (condition: Condition | undefined) => void;
  search: string;
  onSearch: (words: string) => void;
};

export function FacetPanel(props: Props) {
  const t = useText();
  const { field, name, condition } = props;
  const chosen = chosenOf(condition);
  return (
    <details open className={css.facet}>
      <summary>
        {name}
        {chosen > 0 ? <span className={css.chosen}>{t("{count} chosen", { count: chosen })}</span> : null}
      </summary>
      {isNumeric(field) ? <Range {...props} /> : <Values {...props} />}
    </details>
  );
}

function chosenOf(condition: Condition | undefined): number {
  if (!condition) return 0;
  const missing = condition.isMissing ? 1 : 0;
  if (condition.kind === "values") return condition.values.length + missing;
  return missing + (condition.from === undefined && condition.to === undefined ? 0 : 1);
}

/** A number, or the lock of one that may not be told. */
function Count({ count, limit }: { count: number; limit: number | undefined }) {
  const t = useText();
  const { number } = useFormats();
  if (count >= 0) return <span className="number quiet">{number(count)}</span>;
  const why =
    limit === undefined
      ? t("too few to be told")
      : t("fewer than {limit} that you may not read: not told", { limit });
  return (
    <span className="quiet" title={why}>
      <Lock size={14} aria-label={why} />
    </span>
  );
}

/** Not to have a value, as a choice. */
function Missing(props: {
  facet: Facet;
  isChosen: boolean;
  limit: number | undefined;
  onToggle: () => void;
}) {
  const t = useText();
  const { facet, isChosen } = props;
  if (!facet.missing && !isChosen) return null;
  return (
    <label className={css.value}>
      <input type="checkbox" checked={isChosen} onChange={props.onToggle} />
      <em>{t("no value")}</em>
      <Count count={facet.missing ?? 0} limit={props.limit} />
    </label>
  );
}

function Values({ field, name, limit, facet, condition, onChange, search, onSearch }: Props) {
  const t = useText();
  const known = condition?.kind === "values" ? condition : undefined;
  const { values = [], mode = "any", isMissing = false } = known ?? {};
  const buckets = facet.buckets ?? [];
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const isLong = search !== "" || (facet.others ?? 0) > 0;
  const set = (change: Partial<Extract<Condition, { kind: "values" }>>) =>
    onChange({ kind: "values", values, mode, isMissing, ...change });
  const toggle = (value: string) =>
    set({ values: values.includes(value) ? values.filter((other) => other !== value) : [...values, value] });
  return (
    <fieldset>
      <legend className="unseen">{name}</legend>
      {isLong ? (
        <input
          type="search"
          className={ui.input}
          aria-label={t("Search values of {field}", { field: name })}
          placeholder={t("Search values")}
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
      ) : null}
      <ul>
        {buckets.map(({ key, count }) => {
          const value = String(key);
          return (
            <li key={value}>
              <label className={css.value}>
                <input type="checkbox" checked={values.includes(value)} onChange={() => toggle(value)} />
                <span>{value}</span>
                <Count count={count} limit={limit} />
                <Bar share={count / most} />
              </label>
            </li>
          );
        })}
        {mode === "all" || search !== "" ? null : (
          <li>
            <Missing
              facet={facet}
              isChosen={isMissing}
              limit={limit}
              onToggle={() => set({ isMissing: !isMissing })}
            />
          </li>
        )}
      </ul>
      {buckets.length === 0 ? <p className="quiet small">{t("No value")}</p> : null}
      {known ? (
        <select
          className={ui.input}
          aria-label={t("How values of {field} are meant", { field: name })}
          value={mode}
          onChange={({ target }) => {
            const next = target.value as Mode;
            set({ mode: next, isMissing: next === "all" ? false : isMissing });
          }}
        >
          <option value="any">{t("one of these")}</option>
          {field.list ? <option value="all">{t("all of these")}</option> : null}
          <option value="none">{t("none of these")}</option>
        </select>
      ) : null}
    </fieldset>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <svg className={css.bar} viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
      <rect width={Math.max(0, share * 100)} height="2" />
    </svg>
  );
}

function Range({ name, limit, facet, condition, onChange }: Props) {
  const t = useText();
  const { number } = useFormats();
  const range = condition?.kind === "range" ? condition : undefined;
  // An address may say nothing but that documents without a number are meant.
  const isMissing = condition?.isMissing ?? false;
  const bins = facet.bins ?? [];
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const step = 100 / Math.max(1, bins.length);
  const isIn = (from: number, to: number) =>
    (range?.from === undefined || to >= range.from) && (range?.to === undefined || from <= range.to);
  return (
    <fieldset>
      <legend className="unseen">{name}</legend>
      <svg
        className={css.histogram}
        viewBox="0 0 100 40"
        preserveAspectRatio="none"
        role="img"
        aria-label={told()}
      >
        {bins.map(({ from, to, count }, place) => (
          <rect
            key={from}
            x={place * step + 0.4}
            width={Math.max(0.5, step - 0.8)}
            y={40 - (Math.max(0, count) / most) * 40}
            height={(Math.max(0, count) / most) * 40}
            data-out={isIn(from, to) ? undefined : true}
          />
        ))}
      </svg>
      <div className={css.limits}>
        <Limit
          label={t("from")}
          of={name}
          value={range?.from}
          hint={facet.min}
          onTake={(from) => take({ from })}
        />
        <Limit label={t("to")} of={name} value={range?.to} hint={facet.max} onTake={(to) => take({ to })} />
      </div>
      <Missing
        facet={facet}
        isChosen={isMissing}
        limit={limit}
        onToggle={() => onChange({ kind: "range", from: range?.from, to: range?.to, isMissing: !isMissing })}
      />
    </fieldset>
  );

  function take(limit: { from?: number | undefined } | { to?: number | undefined }) {
    onChange({ kind: "range", from: range?.from, to: range?.to, isMissing, ...limit });
  }

  function told(): string {
    const { min, max } = facet;
    if (min === null || min === undefined || max === null || max === undefined) return t("No value");
    return t("{field} from {min} to {max}", { field: name, min: number(min), max: number(max) });
  }
}

function Limit(props: {
  label: string;
  of: string;
  value: number | undefined;
  hint: number | null | undefined;
  onTake: (value: number | undefined) => void;
}) {
  const id = useId();
  const known = props.value === undefined ? "" : String(props.value);
  const [text, setText] = useState(known);
  const [before, setBefore] = useState(known);
  if (before !== known) {
    setBefore(known);
    setText(known);
  }
  const take = () => {
    const value = text.trim() === "" ? undefined : Number(text);
    if (value !== props.value && !Number.isNaN(value)) props.onTake(value);
  };
  return (
    <label htmlFor={id}>
      <span className="small quiet">{props.label}</span>
      <input
        id={id}
        className={ui.input}
        type="number"
        step="any"
        aria-label={`${props.of}: ${props.label}`}
        placeholder={typeof props.hint === "number" ? String(props.hint) : ""}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={(event: KeyboardEvent) => event.key === "Enter" && take()}
      />
    </label>
  );
}
