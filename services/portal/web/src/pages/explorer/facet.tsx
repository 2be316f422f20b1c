// A facet: values to choose with their numbers, or a range with its distribution.

import { type KeyboardEvent, useId, useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import type { Condition } from "../../features/explorer/codec.ts";
import { type Facet, type Field, isNumeric } from "../../features/explorer/query.ts";
import ui from "../../ui/ui.module.css";
import { inWords } from "../dictionary/page.tsx";
import css from "./page.module.css";

type Props = {
  field: Field;
  facet: Facet;
  condition: Condition | undefined;
  onChange: (condition: Condition | undefined) => void;
  search: string;
  onSearch: (words: string) => void;
};

export function FacetPanel(props: Props) {
  const t = useText();
  const { field, facet, condition } = props;
  const { number } = useFormats();
  const chosen = condition?.kind === "values" ? condition.values.length : condition ? 1 : 0;
  return (
    <details open className={css.facet}>
      <summary>
        {inWords(field.field)}
        {chosen > 0 ? <span className={css.chosen}>{t("{count} chosen", { count: chosen })}</span> : null}
      </summary>
      {isNumeric(field) ? <Range {...props} /> : <Values {...props} />}
      {facet.missing ? (
        <p className="quiet small number">
          {t("without a value: {count}", { count: number(facet.missing) })}
        </p>
      ) : null}
    </details>
  );
}

function Values({ field, facet, condition, onChange, search, onSearch }: Props) {
  const t = useText();
  const { number } = useFormats();
  const values = condition?.kind === "values" ? condition.values : [];
  const isExcluded = condition?.kind === "values" && condition.isExcluded;
  const buckets = facet.buckets ?? [];
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const isLong = search !== "" || (facet.others ?? 0) > 0;
  const toggle = (value: string) => {
    const next = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
    onChange({ kind: "values", values: next, isExcluded });
  };
  return (
    <fieldset>
      <legend className="unseen">{inWords(field.field)}</legend>
      {isLong ? (
        <input
          type="search"
          className={ui.input}
          aria-label={t("Search values of {field}", { field: inWords(field.field) })}
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
                <span className="number quiet">
                  {count < 0 ? <abbr title={t("too few to be told")}>—</abbr> : number(count)}
                </span>
                <Bar share={count / most} />
              </label>
            </li>
          );
        })}
      </ul>
      {buckets.length === 0 ? <p className="quiet small">{t("No value")}</p> : null}
      {values.length > 0 ? (
        <label className={css.not}>
          <input
            type="checkbox"
            checked={isExcluded}
            onChange={() => onChange({ kind: "values", values, isExcluded: !isExcluded })}
          />
          {t("Without these")}
        </label>
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

function Range({ field, facet, condition, onChange }: Props) {
  const t = useText();
  const { number } = useFormats();
  const range = condition?.kind === "range" ? condition : undefined;
  const bins = facet.bins ?? [];
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const name = inWords(field.field);
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
    </fieldset>
  );

  function take(limit: { from?: number | undefined } | { to?: number | undefined }) {
    onChange({ kind: "range", from: range?.from, to: range?.to, ...limit });
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
