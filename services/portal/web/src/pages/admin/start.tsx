// Asking for a run: its parameters, then what it would do, and only then the run.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import {
  type Filled,
  hasDryRun,
  type Kind,
  type Parameter,
  type Params,
  paramsOf,
  plan,
  start,
} from "../../features/administration/runs.ts";
import { Actions, Button, buttonClass, Choice, TextBox } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Part } from "../../ui/page.tsx";
import { Failed, Notice } from "../../ui/states.tsx";
import { Facts } from "../../ui/table.tsx";
import css from "./page.module.css";

export function Start({ kinds }: { kinds: Kind[] }) {
  const t = useText();
  const [name, setName] = useState(kinds[0]?.kind ?? "");
  const [filled, setFilled] = useState<Filled>({});
  const [isTold, setIsTold] = useState(false);
  const [asked, setAsked] = useState<Params>();
  const kind = kinds.find(({ kind }) => kind === name) ?? kinds[0];
  const foreseen = useMutation({
    mutationFn: ({ kind, params }: { kind: string; params: Params }) => plan(kind, params),
    onSuccess: (_, { params }) => setAsked(params),
  });
  if (!kind) return null;
  const { params, missing, wrong } = paramsOf(kind.parameters, filled);
  const isGood = missing.length + wrong.length === 0;
  const choose = (chosen: string) => {
    setName(chosen);
    setFilled({});
    setIsTold(false);
    foreseen.reset();
  };
  return (
    <Part title={t("Start a run")}>
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setIsTold(true);
          if (isGood) foreseen.mutate({ kind: kind.kind, params });
        }}
      >
        <Choice
          label={t("What is to be done")}
          value={kind.kind}
          onChange={choose}
          options={kinds.map(({ kind }) => ({ value: kind, label: kind }))}
        />
        <p className="quiet">{kind.purpose}.</p>
        {kind.parameters.map((parameter) => (
          <Field
            key={`${kind.kind} ${parameter.name}`}
            parameter={parameter}
            value={filled[parameter.name] ?? ""}
            onChange={(value) => setFilled({ ...filled, [parameter.name]: value })}
          />
        ))}
        {isTold && !isGood ? (
          <Notice kind="bad">
            {missing.length > 0 ? <span>{t("Missing: {names}", { names: missing.join(", ") })}</span> : null}
            {wrong.length > 0 ? (
              <span>{t("Neither a number nor JSON: {names}", { names: wrong.join(", ") })}</span>
            ) : null}
          </Notice>
        ) : null}
        {foreseen.error ? <Failed error={foreseen.error} what={t("What it would do")} /> : null}
        <button type="submit" className={buttonClass("primary")} disabled={foreseen.isPending}>
          {t("See what it would do")}
        </button>
      </form>
      <Review
        kind={kind}
        params={asked}
        planned={foreseen.data}
        onClose={() => {
          setAsked(undefined);
          foreseen.reset();
        }}
      />
    </Part>
  );
}

function Field(props: { parameter: Parameter; value: string; onChange: (value: string) => void }) {
  const id = useId();
  const { name, form, purpose, required } = props.parameter;
  if (form !== "flag") {
    const { value, onChange } = props;
    return <TextBox label={name} hint={purpose} isRequired={required} value={value} onChange={onChange} />;
  }
  return (
    <div className={css.flag}>
      <input
        id={id}
        type="checkbox"
        checked={props.value === "true"}
        onChange={(event) => props.onChange(event.target.checked ? "true" : "")}
      />
      <label htmlFor={id}>
        {purpose} <code className="quiet">{name}</code>
      </label>
    </div>
  );
}

/** What would be done; the last word before it is. */
function Review(props: { kind: Kind; params: Params | undefined; planned: unknown; onClose: () => void }) {
  const t = useText();
  const { number } = useFormats();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { kind, params, planned, onClose } = props;
  const begin = useMutation({
    mutationFn: (given: Params) => start(kind.kind, given),
    onSuccess: (run) => {
      void client.invalidateQueries({ queryKey: ["runs"] });
      void navigate({ to: "/admin/runs/$run", params: { run: run.id } });
    },
  });
  const waiting = kind.runs?.queued ?? 0;
  const isTrial = params?.dry_run === true;
  const close = () => {
    begin.reset();
    onClose();
  };
  return (
    <Dialog title={t("Start {kind}?", { kind: kind.kind })} isOpen={params !== undefined} onClose={close}>
      <p>{kind.purpose}.</p>
      <Facts
        facts={[
          [t("Parameters"), <code key="params">{JSON.stringify(params ?? {})}</code>],
          ...kind.parameters
            .filter(({ name, form }) => form === "flag" && params?.[name] === true)
            .map(({ name, purpose }): [string, string] => [name, purpose]),
          [t("Runs of this kind that wait"), number(waiting)],
          [t("At once"), kind.at_once ? number(kind.at_once) : t("no limit of its own")],
          [t("Attempts"), number(kind.attempts)],
        ]}
      />
      {planned !== undefined ? (
        <>
          <strong>{t("What it would do")}</strong>
          <Shown value={planned} label={t("What it would do")} />
        </>
      ) : null}
      {hasDryRun(kind) && !isTrial ? (
        <Notice kind="caution">
          {t("It changes the commons. The dry run says beforehand what would change, and changes nothing.")}
        </Notice>
      ) : null}
      {begin.error ? <Failed error={begin.error} what={t("Start")} /> : null}
      <Actions>
        {hasDryRun(kind) && !isTrial ? (
          <Button
            kind="primary"
            isDisabled={begin.isPending}
            onPress={() => begin.mutate({ ...params, dry_run: true })}
          >
            {t("Do a dry run")}
          </Button>
        ) : null}
        <Button
          kind={hasDryRun(kind) && !isTrial ? "danger" : "primary"}
          isDisabled={begin.isPending}
          onPress={() => begin.mutate(params ?? {})}
        >
          {isTrial ? t("Do a dry run") : t("Start it")}
        </Button>
        <Button onPress={close}>{t("Do not start it")}</Button>
      </Actions>
    </Dialog>
  );
}

/** What a service says, as JSON. */
export function Shown({ value, label }: { value: unknown; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus.
    <section className={css.block} tabIndex={0} aria-label={label}>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
